package lists

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/store"
)

// Objection is a complaint (异议) against one entry in public notice.
type Objection struct {
	ID, List                   string
	N                          int
	RaisedBy, Text, RecordedBy string
	RaisedAt                   time.Time
	Outcome, Answer            string // upheld or rejected, "" while open
	AnsweredBy                 string
	AnsweredAt                 time.Time
}

// objected marks the note of an entry that is held by objections alone.
const objected = "有异议待答复："

// Object writes down an objection, raised between the begin of the notice and approval, and holds exactly its entry, also of a
// suspended list. It returns the objection's id.
func (b *Book) Object(ctx context.Context, a Actor, list string, n int, raisedBy, text string, now time.Time) (id string, err error) {
	err = b.transact(ctx, func(tx *store.Tx) error {
		h, e, err := entry(ctx, tx, list, n)
		if err != nil {
			return err
		}
		switch {
		case strings.TrimSpace(raisedBy) == "" || strings.TrimSpace(text) == "" || len([]rune(text)) > 4000:
			return invalid("请写明异议人和异议内容，内容不超过 4000 字。")
		case !slices.Contains([]State{Noticed, Handled, Checked, Approving}, h.state):
			return conflict("名单现在是“%s”，异议在公示开始后、审批前提出；审批后请按追回办理。", stateNames[h.state])
		case e.status != "in" && e.status != "held":
			return conflict("第 %d 条已经移出，不需要提出异议。", n)
		}
		if err := a.hasIn(ctx, tx, h.department, "D1", "D2", "F1", "F2", "F3"); err != nil {
			return err
		}
		id = "O" + rand.Text()
		_, err = tx.Exec(ctx, `INSERT INTO objection (id, list, n, raised_by, text, recorded_by, raised_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id, list, n, raisedBy, text, a.Person, store.Stamp(now))
		if err != nil {
			return err
		}
		if e.status == "in" {
			if err := mark(ctx, tx, list, n, "held", objected+"请核实后由另一人答复"); err != nil {
				return err
			}
		}
		return record(ctx, tx, "objected", list, a, text, now, map[string]string{"n": fmt.Sprint(n), "objection": id})
	})
	return id, err
}

// Resolve answers an objection, by another person than who wrote it down. Upheld, the entry is removed and its money free again;
// rejected, it is in again unless another objection or another reason holds it, or the list has gone on: then it stays held.
func (b *Book) Resolve(ctx context.Context, a Actor, id string, upheld bool, answer string, now time.Time) error {
	return b.transact(ctx, func(tx *store.Tx) error {
		o, err := objection(ctx, tx, id)
		if err != nil {
			return err
		}
		h, e, err := entry(ctx, tx, o.List, o.N)
		if err != nil {
			return err
		}
		switch {
		case strings.TrimSpace(answer) == "":
			return invalid("请写明答复的内容和依据。")
		case o.Outcome != "":
			return conflict("这条异议已经答复过，请刷新页面查看结果。")
		case o.RecordedBy == a.Person:
			return forbidden("异议由您登记，须由另一人答复，请交由其他人员。")
		}
		if err := a.hasIn(ctx, tx, h.department, "D1", "D2", "F1", "F2", "F3"); err != nil {
			return err
		}
		outcome := map[bool]string{true: "upheld", false: "rejected"}[upheld]
		_, err = tx.Exec(ctx, "UPDATE objection SET outcome = $1, answer = $2, answered_by = $3, answered_at = $4 WHERE id = $5",
			outcome, answer, a.Person, store.Stamp(now), id)
		if err != nil {
			return err
		}
		if err := draw(ctx, tx, h, e, upheld, answer, a, now); err != nil {
			return err
		}
		return record(ctx, tx, "resolved", h.id, a, answer, now, map[string]string{"n": fmt.Sprint(o.N), "objection": id, "outcome": outcome})
	})
}

// draw is what an answer means for the entry.
func draw(ctx context.Context, tx *store.Tx, h head, e row, upheld bool, answer string, a Actor, now time.Time) error {
	if e.status != "held" {
		return nil
	}
	if upheld {
		return takeOut(ctx, tx, h, e, "异议成立："+answer, a, now)
	}
	open, err := objections(ctx, tx, h.id, e.n)
	if err != nil || open > 0 || !strings.HasPrefix(e.note, objected) {
		return err
	}
	if !early(h) || h.state == Noticed && (e.account == "" || e.retired > 0) {
		return aloof(ctx, tx, h, e.n, "held", "异议不成立，但本批已过可以恢复的时候：请财政“重新核对”后恢复，或移出到下一批")
	}
	return letIn(ctx, tx, h, e, a, now)
}

// objections counts the open ones against an entry.
func objections(ctx context.Context, tx *store.Tx, list string, n int) (open int, err error) {
	err = tx.QueryRow(ctx, "SELECT count(*) FROM objection WHERE list = $1 AND n = $2 AND outcome IS NULL", list, n).Scan(&open)
	return open, err
}

const objectionColumns = `SELECT id, list, n, raised_by, text, recorded_by, raised_at, coalesce(outcome, ''), coalesce(answer, ''),
	coalesce(answered_by, ''), answered_at FROM objection WHERE `

func (o *Objection) scan(scan scanner) error {
	return scan(&o.ID, &o.List, &o.N, &o.RaisedBy, &o.Text, &o.RecordedBy, store.StampInto(&o.RaisedAt), &o.Outcome, &o.Answer, &o.AnsweredBy,
		store.StampInto(&o.AnsweredAt))
}

func objection(ctx context.Context, tx *store.Tx, id string) (o Objection, err error) {
	err = query(ctx, tx, objectionColumns+"id = $1"+tx.Lock(), []any{id}, o.scan)
	if err == nil && o.ID == "" {
		err = refused{store.ErrNotFound, fmt.Sprintf("没有编号为“%s”的异议，请核对编号。", id)}
	}
	return o, err
}

// Objections returns the objections to a list by when they were raised.
func (b *Book) Objections(ctx context.Context, list string) (all []Objection, err error) {
	err = b.query(ctx, objectionColumns+"list = $1 ORDER BY raised_at, id", []any{list}, func(scan scanner) error {
		var o Objection
		err := o.scan(scan)
		all = append(all, o)
		return err
	})
	return all, err
}
