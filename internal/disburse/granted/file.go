package granted

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/intake"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// File is a file of earlier grants. Its grants stand against a second payment from the moment it is brought in, and count as history
// once they are confirmed; what it gives back lets nothing be paid again before that.
type File struct {
	ID, Department, Name, SHA256 string
	Source                       string // where it comes from: accounts of which years, a letter
	Grants                       int    // how many it brought in
	Sum                          exact.Money
	RecordedBy                   string
	RecordedAt                   time.Time
	Answer
}

// Loading is a file that is to be brought in.
type Loading struct {
	ID         string // "": a random one
	Department string // whose items it is about
	Name       string
	Body       []byte
	Source     string
}

// MaxGrants is how many grants one file may have.
const MaxGrants = 100_000

// MaxFile is how many bytes a file of earlier grants may have, wherever it comes in.
const MaxFile = 32 << 20

// row is one grant of a file.
type row struct {
	rules.Award
	line int
}

// key is what there is one of: a grant, or what was given back of it, on a day.
type key struct {
	item, enterprise, period, basis string
	on                              civil.Date
	back                            bool
}

func (r row) key() key {
	return key{r.Item, r.Enterprise, r.Period.Name, r.Basis, r.On, r.Amount < 0}
}

// right is what is paid once.
type right struct{ item, enterprise, period, basis string }

func (r row) right() right { return right{r.Item, r.Enterprise, r.Period.Name, r.Basis} }

// known is what the database has that a file is held against.
type known struct {
	firms map[string]bool
	live  map[key]exact.Money   // grants of other files
	net   map[right]exact.Money // what they come to
	lists map[right]string      // rights that are on a list of this ledger, or were paid from it
}

// Import brings earlier grants in, all or nothing: a CSV or workbook as intake.ReadAwardLines reads it, with a sum and a day in each
// line. Grants that are in already are passed over, so that the same file twice changes nothing: then the file that comes back has no
// id. D1 of the department does it. The error is an *intake.Problems or ledger.Mistakes, each with its line, where the file is wrong.
func (b *Book) Import(ctx context.Context, l Loading, owner Owner, by string, now time.Time) (File, error) {
	sum := sha256.Sum256(l.Body)
	f := File{ID: identity(l.ID), Department: l.Department, Name: l.Name, SHA256: hex.EncodeToString(sum[:]), Source: l.Source, RecordedBy: by, RecordedAt: now}
	for _, err := range []error{words("部门", l.Department), words("文件名", l.Name), words("来源", l.Source), words("编号", f.ID)} {
		if err != nil {
			return File{}, err
		}
	}
	awards, lines, _, err := intake.ReadAwardLines(ctx, intake.Bytes(l.Name, l.Body), intake.Options{})
	if err != nil {
		return File{}, err
	}
	if len(awards) == 0 || len(awards) > MaxGrants {
		return File{}, refuse(store.ErrInvalid, "一次可补录 1 至 %d 笔，这个文件有 %d 笔", MaxGrants, len(awards))
	}
	rows := make([]row, len(awards))
	for i, a := range awards {
		rows[i] = row{a, lines[i]}
	}
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		f.Grants, f.Sum = 0, 0
		p, err := acts(ctx, tx, by, "补录以前的拨付", f.Department, drafts)
		if err != nil {
			return err
		}
		has, err := read(ctx, tx)
		if err != nil {
			return err
		}
		fresh, err := check(rows, has, f.Department, owner, civil.On(now))
		if err != nil || len(fresh) == 0 {
			return err
		}
		return f.put(ctx, tx, fresh, p, now)
	})
	if err != nil {
		return File{}, because(err, "the right is on a list of this ledger", "其中有的刚刚列入了本系统的名单，补录会重复；请重新补录一次，会指出是哪一行")
	}
	if f.Grants == 0 {
		f.ID = ""
	}
	return f, nil
}

// read gathers what the file is held against.
func read(ctx context.Context, tx *store.Tx) (*known, error) {
	k := &known{firms: map[string]bool{}, live: map[key]exact.Money{}, net: map[right]exact.Money{}, lists: map[right]string{}}
	rows, err := tx.Query(ctx, `SELECT uscc FROM enterprise`)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var firm string
		err := scan(&firm)
		k.firms[firm] = true
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `SELECT item, enterprise, period, basis, amount_fen, on_day FROM earlier_grant WHERE live = 1`)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var r row
		err := scan(&r.Item, &r.Enterprise, &r.Period.Name, &r.Basis, &r.Amount, store.DayInto(&r.On))
		k.live[r.key()] = r.Amount
		k.net[r.right()] += r.Amount
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `SELECT t.item, t.enterprise, t.period, t.basis, e.list FROM list_entry e JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part
		WHERE e.status IN ('in', 'held')`)
	return k, rowset.Each(rows, err, func(scan rowset.Scan) error {
		var r right
		var list string
		err := scan(&r.item, &r.enterprise, &r.period, &r.basis, &list)
		k.lists[r] = list
		return err
	})
}

// check returns the grants that aren't in yet, or says of each line what is wrong with it.
func check(rows []row, has *known, department string, owner Owner, today civil.Date) (fresh []row, err error) {
	var all ledger.Mistakes
	add := func(r row, format string, args ...any) {
		all = append(all, fmt.Sprintf("第 %d 行（%s，%s）：%s", r.line, intake.Clip(r.Enterprise), intake.Clip(r.Item), fmt.Sprintf(format, args...)))
	}
	seen := map[key]int{}
	last := map[right]row{}
	net := map[right]exact.Money{}
	for _, r := range rows {
		if text := r.foreign(department, owner); text != "" {
			add(r, "%s", text) // and nothing of what is known of it, which is that department's
			continue
		}
		for _, text := range r.wrong(has, today) {
			add(r, "%s", text)
		}
		if first := seen[r.key()]; first > 0 {
			add(r, "与第 %d 行重复：同一企业、事项、所属期、依据在同一天只能有一笔，请合并", first)
			continue
		}
		seen[r.key()] = r.line
		was, in := has.live[r.key()]
		switch {
		case in && was == r.Amount:
			continue
		case in:
			add(r, "这一笔已补录过，金额是 %s 元，与这里的 %s 元不同，请核对", was, r.Amount)
			continue
		}
		fresh, last[r.right()] = append(fresh, r), r
		net[r.right()] += r.Amount
	}
	for _, r := range fresh {
		if k := r.right(); last[k] == r && has.net[k]+net[k] < 0 {
			add(r, "退回的比拨付的多 %s 元，请先补录拨付", -(has.net[k] + net[k]))
		}
	}
	if len(all) > 0 {
		return nil, all
	}
	return fresh, nil
}

// foreign says why a grant isn't the department's; "": it is.
func (r row) foreign(department string, owner Owner) string {
	switch whose, known := owner(r.Item); {
	case !known:
		return "没有这个事项"
	case whose != department:
		return fmt.Sprintf("这个事项是%s的，请由该部门补录", whose)
	}
	return ""
}

// wrong lists what is wrong with a grant of the department by itself.
func (r row) wrong(has *known, today civil.Date) (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if !has.firms[r.Enterprise] {
		add("没有这家企业，请先导入企业数据")
	}
	switch {
	case r.Unstated || r.Amount == 0:
		add("没有写金额")
	case r.Amount > ledger.MaxAmount || r.Amount < -ledger.MaxAmount:
		add("金额 %s 元不对，不超过 %s 元", r.Amount, ledger.MaxAmount)
	}
	switch {
	case r.On.IsZero():
		add("没有写发放日期")
	case r.On.After(today):
		add("发放日期 %s 晚于今天（%s）", r.On, today)
	}
	if list2 := has.lists[r.right()]; list2 != "" && r.Amount > 0 {
		add("这一笔已在本系统的名单 %s 上，补录会重复", list2)
	}
	return list
}

// put writes the file with its grants.
func (f *File) put(ctx context.Context, tx *store.Tx, rows []row, p person, now time.Time) error {
	for _, r := range rows {
		f.Sum += r.Amount // at most MaxGrants times MaxAmount
	}
	f.Grants = len(rows)
	if _, err := tx.Exec(ctx, `INSERT INTO earlier_file (id, department, name, sha256, source, grants, sum_fen, recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		f.ID, f.Department, f.Name, f.SHA256, f.Source, f.Grants, int64(f.Sum), p.id, store.Stamp(now)); err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := tx.Exec(ctx, `INSERT INTO earlier_grant (file, line, item, enterprise, period, basis, amount_fen, on_day) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			f.ID, r.line, r.Item, r.Enterprise, r.Period.Name, r.Basis, int64(r.Amount), store.Day(r.On)); err != nil {
			return err
		}
	}
	// Writing made others wait: what is read now is what stands.
	if err := f.covered(ctx, tx, `h.answer IS NULL OR h.answer = 'confirmed'`, "其中退回的，它的拨付刚刚被驳回；请重新补录一次，会指出是哪一行"); err != nil {
		return err
	}
	return p.record(ctx, tx, "earlier.imported", f.ID, now, map[string]string{
		"department": f.Department, "sha256": f.SHA256, "count": strconv.Itoa(f.Grants), "fen": strconv.FormatInt(int64(f.Sum), 10),
	})
}

// covered refuses, with a sentence, a file that gives back more of a right than was granted by itself and by other files that count.
func (f *File) covered(ctx context.Context, tx *store.Tx, counts, text string) error {
	short := 0
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT DISTINCT item, enterprise, period, basis FROM earlier_grant WHERE file = $1 AND amount_fen < 0) g
		WHERE (SELECT sum(o.amount_fen) FROM earlier_grant o JOIN earlier_file h ON h.id = o.file WHERE o.item = g.item AND o.enterprise = g.enterprise
			AND o.period = g.period AND o.basis = g.basis AND o.live = 1 AND (o.file = $1 OR `+counts+`)) < 0`, f.ID).Scan(&short)
	if err == nil && short > 0 {
		err = refuse(store.ErrConflict, "%s", text)
	}
	return err
}

// AnswerFile confirms or rejects a file, for good. D2 of its department does it, another person. A rejected file counts for nothing.
func (b *Book) AnswerFile(ctx context.Context, id string, confirm bool, by string, now time.Time) error {
	err := b.store.Transact(ctx, func(tx *store.Tx) error {
		files, err := filesOf(tx.Query(ctx, `SELECT `+fileColumns+` FROM earlier_file WHERE id = $1`+tx.Lock(), id))
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return refuse(store.ErrNotFound, "没有编号为“%.64s”的补录文件，请核对编号", id)
		}
		f := files[0]
		p, err := answers(ctx, tx, by, "份补录", f.Department, f.RecordedBy, f.Answer)
		if err != nil {
			return err
		}
		if confirm {
			if err := f.covered(ctx, tx, `h.answer = 'confirmed'`, "这份补录里有退回的，它的拨付还没有复核；请先复核补录拨付的那一份"); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE earlier_file SET answer = $1, answered_by = $2, answered_at = $3 WHERE id = $4`, verdict(confirm), p.id, store.Stamp(now), id); err != nil {
			return err
		}
		return p.record(ctx, tx, "earlier.answered", id, now, map[string]string{"answer": verdict(confirm)})
	})
	return because(err, "more would be given back than was granted", "另一份补录里有这份的拨付的退回，驳回后退回的比拨付的多；请先驳回那一份，或请原补录人另行更正")
}

const fileColumns = `id, department, name, sha256, source, grants, sum_fen, recorded_by, recorded_at, coalesce(answer, ''), coalesce(answered_by, ''), answered_at`

func filesOf[R rowset.Rows](rows R, err error) (list []File, failed error) {
	failed = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var f File
		err := scan(&f.ID, &f.Department, &f.Name, &f.SHA256, &f.Source, &f.Grants, &f.Sum, &f.RecordedBy, store.StampInto(&f.RecordedAt),
			&f.Answer.Answer, &f.By, store.StampInto(&f.At))
		list = append(list, f)
		return err
	})
	return list, failed
}

// Files lists the files that were brought in, newest first.
func (b *Book) Files(ctx context.Context) ([]File, error) {
	list, err := filesOf(b.store.DB().QueryContext(ctx, `SELECT `+fileColumns+` FROM earlier_file`))
	slices.SortFunc(list, func(a, b File) int { return cmp.Or(b.RecordedAt.Compare(a.RecordedAt), cmp.Compare(a.ID, b.ID)) })
	return list, err
}
