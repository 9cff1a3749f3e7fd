package ledger

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"mianshen/internal/disburse/payee"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
)

// Cooling is how long a verified account waits before it is paid to, where nothing else is asked for: long enough for the firm to
// notice a change that it didn't ask for.
const Cooling = 72 * time.Hour

// Sealer encrypts account numbers and makes prints of them.
type Sealer interface {
	// Seal encrypts for a place, "table|column|row"; Open decrypts what was sealed for the same place.
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
	// Print gives 64 hexadecimal digits that are equal exactly where the numbers are.
	Print(plain, context string) string
}

// Registry keeps the accounts that firms are paid to. Numbers are sealed at rest, and shown masked.
type Registry struct {
	store  *store.Store
	sealer Sealer
}

// NewRegistry returns the registry of a store.
func NewRegistry(s *store.Store, sealer Sealer) *Registry { return &Registry{s, sealer} }

// NewAccount is an account that is to be recorded.
type NewAccount struct {
	ID         string // "": a random one
	Enterprise string
	Holder     string // 户名: the registered name of the enterprise
	Bank       string // 行号, 12 digits; how its last digit is made isn't published, so the length alone is checked
	Number     string // 5 to 32 of A-Z a-z 0-9 -, beginning with a letter or digit; spaces between digits are left out
	Source     string // where the number comes from, such as a form or a department
}

// PayeeAccount is an account that a firm is paid to. It counts while it is verified and not retired, and is paid to from UsableFrom on.
type PayeeAccount struct {
	ID, Enterprise, Holder, Bank string
	Masked                       string // such as 6222****1234
	Source                       string
	RecordedBy, VerifiedBy       string // persons
	VerifiedHow                  string
	RecordedAt, VerifiedAt       time.Time // the zero time: not verified
	UsableFrom, RetiredAt        time.Time
}

var (
	bankForm   = regexp.MustCompile(`^[0-9]{12}$`)
	numberForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{4,31}$`)
)

// check refuses an account that can't be recorded. The message never has the number.
func (a *NewAccount) check() error {
	a.Number = strings.Join(strings.Fields(norm.NFKC.String(a.Number)), "")
	switch {
	case !bankForm.MatchString(a.Bank):
		return refuse(store.ErrInvalid, "行号“%.40s”不对，应为 12 位数字（大额支付系统行号）", a.Bank)
	case !numberForm.MatchString(a.Number):
		return refuse(store.ErrInvalid, "账号不对，应为 5 至 32 位字母、数字或“-”，以字母或数字开头")
	}
	return first(words("账户编号", a.ID), words("户名", a.Holder), words("账号来源", a.Source))
}

// sameName reports whether two names are one for a reader: full-width and half-width brackets and spaces don't tell them apart.
func sameName(a, b string) bool {
	fold := func(name string) string { return strings.Join(strings.Fields(norm.NFKC.String(name)), "") }
	return fold(a) == fold(b)
}

// Mask is how a number is shown: its first and last four characters, fewer where that would be most of it.
func Mask(number string) string {
	switch n := len(number); {
	case n >= 12:
		return number[:4] + "****" + number[n-4:]
	case n >= 8:
		return "****" + number[n-4:]
	}
	return "****" + number[max(0, len(number)-2):]
}

// Record takes in an account, which counts once another person has verified it, and returns its id. F1 or D1 does it.
func (r *Registry) Record(ctx context.Context, a NewAccount, by string, now time.Time) (string, error) {
	a.ID = identity(a.ID)
	if err := a.check(); err != nil {
		return "", err
	}
	sealed, err := r.sealer.Seal([]byte(a.Number), payee.Sealed(a.ID))
	if err != nil {
		return "", err
	}
	mark := r.sealer.Print(a.Number, payee.Print)
	return a.ID, r.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "登记收款账户", handles, drafts)
		if err != nil {
			return err
		}
		holder, err := a.fits(ctx, tx, mark)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			a.ID, a.Enterprise, holder, a.Bank, sealed, Mask(a.Number), mark, a.Source, p.id, store.Stamp(now)); err != nil {
			return err
		}
		return p.record(ctx, tx, "payee.recorded", a.ID, now, map[string]string{"enterprise": a.Enterprise, "print": mark})
	})
}

// fits refuses another name than the registered one and a number that is recorded already, and returns the registered name.
func (a *NewAccount) fits(ctx context.Context, tx *store.Tx, mark string) (holder string, err error) {
	rows, err := tx.Query(ctx, `SELECT name FROM enterprise WHERE uscc = $1`, a.Enterprise)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error { return scan(&holder) })
	switch {
	case err != nil:
		return "", err
	case holder == "":
		return "", refuse(store.ErrNotFound, "没有统一社会信用代码为“%.40s”的企业，请先导入企业数据", a.Enterprise)
	case !sameName(holder, a.Holder):
		return "", refuse(store.ErrInvalid, "户名“%.60s”与企业登记名称“%s”不一致，请核对开户资料", a.Holder, holder)
	case payout.CheckText(holder) != "": // one such name would stop the payment file of a whole list after its approval
		return "", refuse(store.ErrInvalid, "企业登记名称“%s”写不进支付文件：%s。请先更正登记名称，或线下支付", holder, payout.CheckText(holder))
	}
	owner := ""
	rows, err = tx.Query(ctx, `SELECT enterprise FROM payee_account WHERE print = $1 AND retired_at IS NULL`, mark)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error { return scan(&owner) })
	switch {
	case err != nil:
		return "", err
	case owner == a.Enterprise:
		return "", refuse(store.ErrConflict, "这个账号已经登记在该企业名下，不用再登记")
	case owner != "":
		return "", refuse(store.ErrConflict, "这个账号已经登记在另一家企业（%s）名下，请核对后再登记", owner)
	}
	return holder, nil
}

// Verify makes an account the one that its firm is paid to, after a cooling period, and retires the one before it in the same
// transaction: entries that were frozen for that one can't be paid any more. F2 does it, another person than the one who
// recorded it; how says how it was checked.
func (r *Registry) Verify(ctx context.Context, id, how string, cooling time.Duration, by string, now time.Time) error {
	if cooling < 0 {
		return refuse(store.ErrInvalid, "冷静期不能小于 0")
	}
	if err := words("核实方式", how); err != nil {
		return err
	}
	return r.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "核实收款账户", checks)
		if err != nil {
			return err
		}
		a, err := accountOf(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case !a.RetiredAt.IsZero():
			return refuse(store.ErrConflict, "这个账户已经停用，不能再核实；要用同一账号请重新登记")
		case !a.VerifiedAt.IsZero():
			return refuse(store.ErrConflict, "这个账户已经核实过，不用再核实")
		case a.RecordedBy == p.id:
			return refuse(store.ErrConflict, "这个账户是您登记的，请由另一人核实")
		}
		old := ""
		rows, err := tx.Query(ctx, `UPDATE payee_account SET retired_at = $1 WHERE enterprise = $2 AND verified_at IS NOT NULL AND retired_at IS NULL RETURNING id`,
			store.Stamp(now), a.Enterprise)
		if err := rowset.Each(rows, err, func(scan rowset.Scan) error { return scan(&old) }); err != nil {
			return err
		}
		from := now.Add(cooling)
		if _, err := tx.Exec(ctx, `UPDATE payee_account SET verified_how = $1, verified_by = $2, verified_at = $3, usable_from = $4 WHERE id = $5`,
			how, p.id, store.Stamp(now), store.Stamp(from), id); err != nil {
			return err
		}
		return p.record(ctx, tx, "payee.verified", id, now, map[string]string{"enterprise": a.Enterprise, "retired": old, "hours": hours(cooling)})
	})
}

func hours(d time.Duration) string { return strconv.FormatFloat(d.Hours(), 'f', -1, 64) }

// Retire takes an account out of use, such as one that was recorded by mistake; why is written to the audit log, so it names no
// person. F1 or F2 does it.
func (r *Registry) Retire(ctx context.Context, id, why, by string, now time.Time) error {
	if err := words("停用原因", why); err != nil {
		return err
	}
	return r.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "停用收款账户", handles, checks)
		if err != nil {
			return err
		}
		a, err := accountOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if !a.RetiredAt.IsZero() {
			return refuse(store.ErrConflict, "这个账户已经停用")
		}
		if _, err := tx.Exec(ctx, `UPDATE payee_account SET retired_at = $1 WHERE id = $2`, store.Stamp(now), id); err != nil {
			return err
		}
		return p.record(ctx, tx, "payee.retired", id, now, map[string]string{"enterprise": a.Enterprise, "reason": why})
	})
}

// Unmask returns the whole number of an account. Who asked and why is in the audit log before it is shown; the reason names no
// person. F1, F2 or AU may.
func (r *Registry) Unmask(ctx context.Context, id, why, by string, now time.Time) (number string, err error) {
	if err := words("查看完整账号的理由", why); err != nil {
		return "", err
	}
	var plain []byte
	err = r.store.Transact(ctx, func(tx *store.Tx) error {
		p, err := acts(ctx, tx, by, "查看完整账号", handles, checks, audits)
		if err != nil {
			return err
		}
		var sealed []byte
		rows, err := tx.Query(ctx, `SELECT sealed FROM payee_account WHERE id = $1`, id)
		if err := rowset.Each(rows, err, func(scan rowset.Scan) error { return scan(&sealed) }); err != nil {
			return err
		}
		if sealed == nil {
			return noAccount(id)
		}
		if plain, err = r.sealer.Open(sealed, payee.Sealed(id)); err != nil {
			return err
		}
		return p.record(ctx, tx, "payee.unmasked", id, now, map[string]string{"reason": why})
	})
	if err != nil {
		return "", err
	}
	return string(plain), nil
}

const accountColumns = `id, enterprise, holder, bank, masked, source, recorded_by, recorded_at, coalesce(verified_how, ''), coalesce(verified_by, ''), verified_at, usable_from, retired_at`

func (a *PayeeAccount) columns() []any {
	return []any{
		&a.ID, &a.Enterprise, &a.Holder, &a.Bank, &a.Masked, &a.Source, &a.RecordedBy, store.StampInto(&a.RecordedAt),
		&a.VerifiedHow, &a.VerifiedBy, store.StampInto(&a.VerifiedAt), store.StampInto(&a.UsableFrom), store.StampInto(&a.RetiredAt),
	}
}

// Accounts lists the accounts of a firm, retired ones too; of all firms where enterprise is "". Newest first, a page of them.
func (r *Registry) Accounts(ctx context.Context, enterprise string, p Page) (list []PayeeAccount, err error) {
	order, args := p.order("payee_account", "recorded_at", enterprise)
	rows, err := r.store.DB().QueryContext(ctx, `SELECT `+accountColumns+` FROM payee_account WHERE ($1 = '' OR enterprise = $1)`+order, args...)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var a PayeeAccount
		err := scan(a.columns()...)
		list = append(list, a)
		return err
	})
	return list, err
}

// accountOf reads an account and holds it to the end of the transaction.
func accountOf(ctx context.Context, tx *store.Tx, id string) (a PayeeAccount, err error) {
	rows, err := tx.Query(ctx, `SELECT `+accountColumns+` FROM payee_account WHERE id = $1`+tx.Lock(), id)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error { return scan(a.columns()...) })
	if err == nil && a.ID == "" {
		err = noAccount(id)
	}
	return a, err
}

func noAccount(id string) error {
	return refuse(store.ErrNotFound, "没有编号为“%.64s”的收款账户，请核对编号", id)
}
