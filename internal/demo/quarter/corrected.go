package quarter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/disburse"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/seeds"
)

// corrected is the third wave: facts are put right after the money was paid, what was decided is decided again as of the same day,
// and the difference is paid or claimed back.
func (p *play) corrected(ctx context.Context) error {
	if err := p.correct(ctx, "裁定生效日期补登（示例）", 50, at(59, 9)); err != nil {
		return err
	}
	sweep, err := p.sweep(ctx, "corrected", store.Retroactive, at(60, 9))
	if err != nil {
		return err
	}
	// The night's own comparison comes before anybody approves: until then what was put right counts as not yet compared.
	if _, err := p.sweep(ctx, "third", store.Nightly, at(61, 2)); err != nil {
		return err
	}
	for i, dept := range p.depts {
		items, err := p.paidItems(ctx, dept)
		if err != nil {
			return err
		}
		for j, item := range items {
			if err := p.supplement(ctx, fmt.Sprintf("Q3-%02d-%02d", i, j), disburse.CorrectionRequest{Department: dept, Item: item, Sweep: sweep.ID}); err != nil {
				return fmt.Errorf("%s %s: %w", dept, item, err)
			}
		}
	}
	return nil
}

// paidItems are the items with an entry on a list of a department, sorted.
func (p *play) paidItems(ctx context.Context, dept string) (items []string, err error) {
	entries, err := p.entriesOf(ctx, dept, "in")
	for _, e := range entries {
		if !slices.Contains(items, e.Item) {
			items = append(items, e.Item)
		}
	}
	slices.Sort(items)
	return items, err
}

// correct puts a fact of some of the firms on lists right, for a reason that is given once: they were dishonest debtors all along.
func (p *play) correct(ctx context.Context, reason string, permille int, now time.Time) error {
	have, err := p.Store.Corrections(ctx, store.CorrectionFilter{Series: "失信被执行人"})
	if err != nil || slices.ContainsFunc(have, func(c store.Correction) bool { return c.Reason == reason }) {
		return err
	}
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if err := mistakes.Err(); err != nil {
		return err
	}
	var list []store.Correction
	for _, dept := range p.depts {
		entries, err := p.entriesOf(ctx, dept, "in")
		if err != nil {
			return err
		}
		for _, e := range entries {
			if p.chance(reason, e.Enterprise) < permille {
				list = append(list, store.Correction{Series: "失信被执行人", Period: "2025-06", USCC: e.Enterprise, Cell: "是", By: "区法院", Reason: reason})
			}
		}
	}
	slices.SortFunc(list, func(a, b store.Correction) int { return strings.Compare(a.USCC, b.USCC) })
	list = slices.CompactFunc(list, func(a, b store.Correction) bool { return a.USCC == b.USCC })
	p.tell("%s 更正 %d 家企业的数据：%s", civil.On(now), len(list), reason)
	return arrival.Correct(ctx, p.Store, v, list, now)
}

// supplement pays what is owed by the corrected decisions and claims back what wasn't due.
func (p *play) supplement(ctx context.Context, id string, r disburse.CorrectionRequest) error {
	c, err := p.desk.Correct(ctx, r, at(61, 9))
	if err != nil {
		return err
	}
	if err := p.recover(ctx, r.Department, c.Recoveries); err != nil {
		return err
	}
	if _, err := p.view.List(ctx, id); errors.Is(err, store.ErrNotFound) {
		if len(c.Entries) == 0 {
			return nil
		}
		for _, e := range c.Entries {
			if err := p.account(ctx, e.Entitlement.Enterprise, "1", 56); err != nil {
				return err
			}
		}
		maker := lists.Actor{Person: p.maker(r.Department), Role: "D1"}
		if _, err := p.desk.DraftCorrection(ctx, maker, disburse.Drafting{ID: id, Title: "补发名单（示例）"}, r, at(62, 9)); err != nil {
			return err
		}
		p.tell("%s 起草补发名单 %s：%d 笔", civil.On(at(62, 9)), id, len(c.Entries))
	} else if err != nil {
		return err
	}
	_, err = p.list(ctx, id, r.Department, 62, lists.Settled)
	return err
}

// recover proposes and approves what is claimed back; half of the firms pay, some of them in two parts.
func (p *play) recover(ctx context.Context, dept string, list []disburse.Recovery) error {
	for _, r := range list {
		id := "R-" + r.Payment
		have, err := p.ledger.Recoveries(ctx, r.Enterprise, ledger.Page{})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(have, func(x ledger.Recovery) bool { return x.ID == id }) {
			continue
		}
		p.tell("%s 追回 %s：%s元，%s", civil.On(at(61, 10)), r.Name, r.Amount, r.Reason)
		_, err = p.ledger.Propose(ctx, ledger.Recovery{ID: id, Payment: r.Payment, Enterprise: r.Enterprise, Amount: r.Amount, Reason: r.Reason}, p.maker(dept), at(61, 10))
		if err != nil {
			return err
		}
	}
	return p.repay(ctx, dept)
}

// repay approves what was proposed and takes the money in.
func (p *play) repay(ctx context.Context, dept string) error {
	entries, err := p.entriesOf(ctx, dept, "in")
	if err != nil {
		return err
	}
	for _, e := range entries {
		have, err := p.ledger.Recoveries(ctx, e.Enterprise, ledger.Page{})
		if err != nil {
			return err
		}
		for _, r := range have {
			if err := p.repayOne(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *play) repayOne(ctx context.Context, r ledger.Recovery) error {
	if r.ApprovedBy == "" {
		if err := p.ledger.ApproveRecovery(ctx, r.ID, who(approver), at(64, 9)); err != nil {
			return err
		}
	}
	if r.Open() == 0 || p.chance("repay", r.ID) >= 500 {
		return nil
	}
	part := r.Amount
	if p.chance("parts", r.ID) < 300 && r.Amount > 1 {
		part = r.Amount / 2
	}
	for i, fen := range []exact.Money{part, r.Amount - part} {
		ref := fmt.Sprintf("回款-%s-%d", r.ID, i+1)
		if fen == 0 || i == 0 && r.Received >= part {
			continue
		}
		if err := p.ledger.Receive(ctx, r.ID, ref, fen, who(handler), at(80+i, 9)); err != nil {
			return err
		}
	}
	return nil
}
