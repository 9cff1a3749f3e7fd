// Package supply takes facts that firms say of themselves, with what proves them, and the answers of the departments whose facts they
// are. A confirmed fact becomes a correction in the transaction of its answer, so that the next comparison decides with it; nothing
// else that a firm says counts. Nobody answers what he supplied himself.
package supply

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mianshen/internal/audit"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// MaxFile is how many bytes a proof may have.
const MaxFile = 10 << 20

const (
	maxNote   = 2000
	maxName   = 200
	personal  = 4 // the level of facts about persons and cases
	mostRows  = 500
	mostToday = 50 // of one firm within a day
)

// Refusal is why something isn't done, for whoever asked. Conflict: it has changed meanwhile.
type Refusal struct {
	Message  string
	Conflict bool
}

// Error implements error.
func (r *Refusal) Error() string { return r.Message }

func refuse(format string, args ...any) error { return &Refusal{Message: fmt.Sprintf(format, args...)} }

// Given is what a firm supplies. A proof is a name with bytes, or neither.
type Given struct {
	Enterprise, Field, Cell, Unit, Note string
	FileName                            string
	File                                []byte
}

// Fact is what was supplied, with the answer where there is one.
type Fact struct {
	ID, Enterprise, Firm            string // Firm is the name
	Field, Period, Cell, Unit, Note string
	FileName                        string
	FileSize                        int64
	Supplier                        string // who supplied it
	SupplierName                    string
	SuppliedAt                      time.Time
	Answer, Reason, AnsweredBy      string // confirmed, refused or ""; AnsweredBy is a name
	AnsweredAt                      time.Time
}

// Book keeps supplied facts. It is safe for concurrent use.
type Book struct{ s *store.Store }

// New returns the book in s.
func New(s *store.Store) *Book { return &Book{s} }

// Open lists the fields that a firm may supply: those that a department delivers, but for tables and for what is about persons or cases.
func Open(v *rules.Vocabulary) (list []*rules.Field) {
	for _, f := range v.Fields {
		if open(f) {
			list = append(list, f)
		}
	}
	return list
}

func open(f *rules.Field) bool {
	return !f.Derived() && f.Type != rules.TypeTable && f.Source != "" && f.Level < personal
}

// Period is the period of a field that a comparison for a day reads, as deliveries write it.
func Period(f *rules.Field, asOf civil.Date) string {
	if f.Period.Span == rules.Day {
		return "current:" + asOf.String()
	}
	return f.Period.Span.Of(asOf, f.Period.Back).Name
}

// Supply stores a fact for its department to answer. asOf is the day that comparisons are for.
func (b *Book) Supply(ctx context.Context, v *rules.Vocabulary, g Given, asOf civil.Date, person string, now time.Time) (id string, err error) {
	f, known := v.Field(g.Field)
	if !known || !open(f) {
		return "", refuse("“%s”不能在这里补报，请从下拉框里选一项。", intake.Clip(g.Field))
	}
	if err := g.check(); err != nil {
		return "", err
	}
	id, period := rand.Text(), Period(f, asOf)
	if err := readable(v, correction(f, period, g.Enterprise, g.Cell, g.Unit, "x", "x"), now); err != nil {
		return "", err
	}
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		name, err := holder(ctx, tx, person, g.Enterprise, "E1", "E2")
		if err != nil {
			return err
		}
		if err := room(ctx, tx, g.Enterprise, f.Name, now); err != nil {
			return err
		}
		var file, fileName any
		facts := map[string]string{"enterprise": g.Enterprise, "field": f.Name, "period": period, "by": person, "value_sha256": sum([]byte(g.Cell + "\x00" + g.Unit))}
		if len(g.File) > 0 {
			file, fileName = g.File, g.FileName
			facts["file_sha256"] = sum(g.File)
		}
		_, err = tx.Exec(ctx, `INSERT INTO supplied_fact (id, enterprise, field, period, cell, unit, note, file_name, file, supplied_by, supplied_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, id, g.Enterprise, f.Name, period, g.Cell, g.Unit, g.Note, fileName, file, person, store.Stamp(now))
		if err != nil {
			return err
		}
		return tx.Audit(ctx, audit.Entry{Kind: "fact.supplied", Subject: id, At: now, Facts: facts, Sealed: map[string]string{"person": name}})
	})
	return id, err
}

// check refuses what no department could answer.
func (g Given) check() error {
	for _, text := range []string{g.Cell, g.Unit, g.Note, g.FileName} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return refuse("填写的内容里有不能用的字符，请重新填写。")
		}
	}
	switch {
	case g.Cell == "":
		return refuse("请填写数值。")
	case utf8.RuneCountInString(g.Note) > maxNote || utf8.RuneCountInString(g.FileName) > maxName:
		return refuse("说明最多 %d 个字，文件名最多 %d 个字，请写短一些。", maxNote, maxName)
	case len(g.File) > MaxFile:
		return refuse("证明材料最大 10 MiB，请压缩后再传。")
	case (len(g.File) == 0) != (g.FileName == ""):
		return refuse("证明材料是空文件，请重新选择。")
	}
	return nil
}

// room refuses a second answer to the same question while the first waits, and a firm that asks without end.
func room(ctx context.Context, tx *store.Tx, enterprise, field string, now time.Time) error {
	var waiting, today int
	err := tx.QueryRow(ctx, `SELECT count(CASE WHEN answer IS NULL AND field = $2 THEN 1 END), count(CASE WHEN supplied_at > $3 THEN 1 END)
		FROM supplied_fact WHERE enterprise = $1`, enterprise, field, store.Stamp(now.AddDate(0, 0, -1))).Scan(&waiting, &today)
	switch {
	case err != nil:
		return err
	case waiting > 0:
		return &Refusal{Message: "“" + field + "”已经补报过，正在等部门核对。请等答复后再补报。", Conflict: true}
	case today >= mostToday:
		return refuse("今天补报的次数太多，请明天再试，或者直接联系部门。")
	}
	return nil
}

// Answer says, for the department whose fact it is, whether a supplied fact holds. A confirmed one is a correction from then on.
func (b *Book) Answer(ctx context.Context, v *rules.Vocabulary, id string, confirmed bool, reason, person string, now time.Time) error {
	if reason = strings.TrimSpace(reason); reason == "" || utf8.RuneCountInString(reason) > maxNote {
		return refuse("请写明依据或理由，最多 %d 个字，企业会看到。", maxNote)
	}
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		x, err := waiting(ctx, tx, id)
		if err != nil {
			return err
		}
		f, known := v.Field(x.Field)
		if !known {
			return &Refusal{Message: "“" + x.Field + "”已经不在指标字典里，这条补报请退回。", Conflict: true}
		}
		name, err := holder(ctx, tx, person, f.Source, "D1", "D2")
		if err != nil {
			return err
		}
		if x.Supplier == person {
			return refuse("补报的人不能自己核对，请由本部门的另一个人办理。")
		}
		answer := "refused"
		if confirmed {
			answer = "confirmed"
			c := correction(f, x.Period, x.Enterprise, x.Cell, x.Unit, f.Source+" "+name, "企业补报经部门核对："+reason)
			if err := told(arrival.CorrectWithin(ctx, tx, v, []store.Correction{c}, now)); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, "UPDATE supplied_fact SET answer = $2, reason = $3, answered_by = $4, answered_at = $5 WHERE id = $1 AND answer IS NULL", id, answer, reason, person, store.Stamp(now))
		if err == nil && n == 0 {
			err = answered()
		}
		if err != nil {
			return err
		}
		return tx.Audit(ctx, audit.Entry{
			Kind: "fact.answered", Subject: id, At: now, Sealed: map[string]string{"person": name, "reason": reason},
			Facts: map[string]string{"enterprise": x.Enterprise, "field": x.Field, "period": x.Period, "answer": answer, "by": person},
		})
	})
}

func answered() error {
	return &Refusal{Message: "这条补报已经有人答复，请刷新后查看。", Conflict: true}
}

// waiting locks a supplied fact that has no answer.
func waiting(ctx context.Context, tx *store.Tx, id string) (x Fact, err error) {
	err = tx.QueryRow(ctx, "SELECT enterprise, field, period, cell, unit, supplied_by, coalesce(answer, '') FROM supplied_fact WHERE id = $1"+tx.Lock(), id).
		Scan(&x.Enterprise, &x.Field, &x.Period, &x.Cell, &x.Unit, &x.Supplier, &x.Answer)
	if err == nil && x.Answer != "" {
		err = answered()
	}
	return x, err
}

func correction(f *rules.Field, period, enterprise, cell, unit, by, reason string) store.Correction {
	return store.Correction{Series: delivery.SeriesOf(f), Period: period, USCC: enterprise, Cell: cell, Unit: unit, By: by, Reason: reason}
}

// readable refuses a value that no comparison could read.
func readable(v *rules.Vocabulary, c store.Correction, now time.Time) error {
	return told(arrival.Check(v, []store.Correction{c}, now))
}

// told makes what is wrong with a correction a refusal.
func told(err error) error {
	var p *intake.Problems
	if errors.As(err, &p) && len(p.List) > 0 {
		return refuse("填写的数值有误：%s。", p.List[0].Message)
	}
	return err
}

// holder is the name of a person who has one of the roles for a scope now.
func holder(ctx context.Context, tx *store.Tx, person, scope string, roles ...string) (name string, err error) {
	err = tx.QueryRow(ctx, `SELECT p.name FROM person p JOIN live_role r ON r.person = p.id WHERE p.id = $1 AND r.scope = $2 AND r.role IN ($3, $4) LIMIT 1`,
		person, scope, roles[0], roles[1]).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", refuse("您没有为“%s”办理这一步的角色，请由有角色的人办理。", scope)
	}
	return name, err
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

const columns = `SELECT x.id, x.enterprise, coalesce(e.name, ''), x.field, x.period, x.cell, x.unit, x.note, coalesce(x.file_name, ''), coalesce(length(x.file), 0), x.supplied_by, p.name,
	x.supplied_at, coalesce(x.answer, ''), coalesce(x.reason, ''), coalesce(a.name, ''), x.answered_at
	FROM supplied_fact x JOIN enterprise e ON e.uscc = x.enterprise JOIN person p ON p.id = x.supplied_by LEFT JOIN person a ON a.id = x.answered_by WHERE `

func (b *Book) list(ctx context.Context, where string, args ...any) (all []Fact, err error) {
	rows, err := b.s.DB().QueryContext(ctx, columns+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x Fact
		err := rows.Scan(&x.ID, &x.Enterprise, &x.Firm, &x.Field, &x.Period, &x.Cell, &x.Unit, &x.Note, &x.FileName, &x.FileSize, &x.Supplier, &x.SupplierName,
			store.StampInto(&x.SuppliedAt), &x.Answer, &x.Reason, &x.AnsweredBy, store.StampInto(&x.AnsweredAt))
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, rows.Err()
}

// Of lists what a firm supplied, the newest first.
func (b *Book) Of(ctx context.Context, enterprise string) ([]Fact, error) {
	return b.list(ctx, "x.enterprise = $1 ORDER BY x.supplied_at DESC, x.id LIMIT $2", enterprise, mostRows)
}

// Waiting lists what waits for any of the departments, the oldest first, or what they have answered, the newest first.
func (b *Book) Waiting(ctx context.Context, v *rules.Vocabulary, departments []string, done bool) ([]Fact, error) {
	var marks []string
	args := []any{mostRows}
	for _, f := range Open(v) {
		if slices.Contains(departments, f.Source) {
			args = append(args, f.Name)
			marks = append(marks, "$"+strconv.Itoa(len(args)))
		}
	}
	if len(marks) == 0 {
		return nil, nil
	}
	where := "x.answer IS NULL AND x.field IN (" + strings.Join(marks, ", ") + ") ORDER BY x.supplied_at, x.id LIMIT $1"
	if done {
		where = "x.answer IS NOT NULL AND x.field IN (" + strings.Join(marks, ", ") + ") ORDER BY x.answered_at DESC, x.id LIMIT $1"
	}
	return b.list(ctx, where, args...)
}

// Proof returns a supplied fact with the bytes of its proof, nil where it has none. ErrNotFound: there is no such fact.
func (b *Book) Proof(ctx context.Context, id string) (x Fact, file []byte, err error) {
	all, err := b.list(ctx, "x.id = $1", id)
	if err != nil {
		return x, nil, err
	}
	if len(all) == 0 {
		return x, nil, fmt.Errorf("supplied fact %q: %w", id, store.ErrNotFound)
	}
	err = b.s.DB().QueryRowContext(ctx, "SELECT file FROM supplied_fact WHERE id = $1", id).Scan(&file)
	return all[0], file, err
}
