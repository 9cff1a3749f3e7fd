package cashier

import (
	"net/http"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
)

func (p *Pages) accounts(w http.ResponseWriter, r *http.Request) error {
	return p.showAccounts(w, r, "", nil)
}

var accountRegister = counter.Register{Path: "/accounts", Unit: "个", States: []moneyui.Pair{{Name: "全部"}, {Name: "待核验", Value: "waiting"}, {Name: "在用", Value: "live"}, {Name: "已停用", Value: "retired"}}}

// showAccounts is the registry of accounts, numbers masked. secret is one in full, shown once.
func (p *Pages) showAccounts(w http.ResponseWriter, r *http.Request, secret string, because error) error {
	ctx := r.Context()
	who := p.Who(ctx)
	s := p.Begin(r, "收款账户", "accounts")
	s.Hint = "户名要和登记的企业名称一样。登记后由财政复核另一人核验，过 72 小时冷静期才付款；换账户也一样。"
	s.Secret = secret
	c := accountRegister.Choice(r)
	c.Departments, c.Person = treasury.Departments(who), who.ID()
	list, count, err := p.Seen.Accounts(ctx, c)
	if err != nil {
		return err
	}
	if c.Departments != nil {
		s.Hint += "这里只有本部门名单上企业的账户，和您自己登记的。"
	}
	if who.Has(caller.F2|caller.F1|caller.AU) && p.Unproven(r) {
		what := "看完整账号"
		if who.Has(caller.F2) {
			what = "核验账户、看完整账号"
		}
		s.Do = []moneyui.Form{counter.Proof("/accounts", what)}
	}
	var rows [][]moneyui.Cell
	last := ""
	for _, a := range list {
		last = a.ID
		rows = append(rows, []moneyui.Cell{
			{Text: a.Holder, URL: "/enterprises/" + a.Enterprise, Small: a.Enterprise}, {Text: a.Masked, Small: "行号 " + a.Bank}, p.standing(a), {Text: a.Recorder, Small: a.Source}, {Text: a.VerifiedBy, Small: a.VerifiedHow}, {Forms: p.deeds(r, a)},
		})
	}
	section := accountRegister.Section(c, "accounts", "账户", count, len(list), last)
	section.Tables = []moneyui.Table{{Name: "收款账户", Heads: []string{"户名", "账号", "状态", "谁登记的", "怎么核验的", "办理"}, Rows: rows, Empty: "没有这样的账户。由财政经办或部门经办登记，没有账户的企业公示时会暂缓。"}}
	s.Sections = append(s.Sections, section)
	if who.Has(caller.F1 | caller.D1) {
		s.Sections = append(s.Sections, moneyui.Section{ID: "record", Title: "登记一个账户", Forms: []moneyui.Form{{Action: "/accounts", Button: "登记", Fields: []moneyui.Field{
			{Name: "uscc", Label: "统一社会信用代码", Kind: "text", Must: true},
			{Name: "holder", Label: "户名", Kind: "text", Must: true},
			{Name: "bank", Label: "行号（12 位）", Kind: "text", Must: true},
			{Name: "number", Label: "账号", Kind: "text", Must: true},
			{Name: "source", Label: "从哪里来的", Kind: "text", Must: true, Hint: "如企业填报、市场监管局共享"},
		}}}})
	}
	return p.Show(w, r, s, because)
}

// standing says whether an account is paid to.
func (p *Pages) standing(a overview.Account) moneyui.Cell {
	switch {
	case !a.RetiredAt.IsZero():
		return moneyui.Badge("已停用", moneyui.Quiet)
	case a.VerifiedAt.IsZero():
		return moneyui.Badge("待核验", moneyui.Warn)
	case p.Clock().Before(a.UsableFrom):
		c := moneyui.Badge("冷静期", moneyui.Going)
		c.Small = moneyui.Clock(a.UsableFrom) + " 起可付"
		return c
	}
	return moneyui.Badge("可付", moneyui.Good)
}

// deeds are what who looks may do with an account.
func (p *Pages) deeds(r *http.Request, a overview.Account) (out []moneyui.Form) {
	who, proven := p.Who(r.Context()), !p.Unproven(r)
	add := func(to, title, label string) {
		out = append(out, moneyui.Form{Action: "/accounts/" + a.ID + "/" + to, Button: title, Title: title, Fold: true, Quiet: true, Fields: []moneyui.Field{{Name: "why", Label: label, Kind: "text", Must: true}}})
	}
	live := a.RetiredAt.IsZero()
	if proven && live && a.VerifiedAt.IsZero() && who.Has(caller.F2) && a.RecordedBy != who.ID() {
		add("verify", "核验", "怎么核验的")
	}
	if live && who.Has(caller.F1|caller.F2) {
		add("retire", "停用", "为什么（不写人名）")
	}
	if proven && who.Has(caller.F1|caller.F2|caller.AU) {
		add("unmask", "看完整账号", "为什么要看（不写人名）")
	}
	return out
}

func (p *Pages) toAccounts(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return p.showAccounts(w, r, "", p.Explain(r.Context(), err, "这个账户"))
	}
	return p.Lead(w, r, "/accounts")
}

func (p *Pages) record(w http.ResponseWriter, r *http.Request) error {
	text := func(name string) string { return counter.Text(r, name) }
	_, err := p.Payees.Record(r.Context(), ledger.NewAccount{Enterprise: text("uscc"), Holder: text("holder"), Bank: text("bank"), Number: text("number"), Source: text("source")}, p.Who(r.Context()).ID(), p.Clock())
	if err != nil {
		return p.toAccounts(w, r, err)
	}
	return p.Lead(w, r, counter.URL("/accounts", "find", text("uscc")))
}

func (p *Pages) verify(w http.ResponseWriter, r *http.Request) error {
	return p.toAccounts(w, r, p.Payees.Verify(r.Context(), r.PathValue("id"), counter.Text(r, "why"), ledger.Cooling, p.Who(r.Context()).ID(), p.Clock()))
}

func (p *Pages) retire(w http.ResponseWriter, r *http.Request) error {
	return p.toAccounts(w, r, p.Payees.Retire(r.Context(), r.PathValue("id"), counter.Text(r, "why"), p.Who(r.Context()).ID(), p.Clock()))
}

// unmask shows a number in full, once, after who asked and why is recorded.
func (p *Pages) unmask(w http.ResponseWriter, r *http.Request) error {
	number, err := p.Payees.Unmask(r.Context(), r.PathValue("id"), counter.Text(r, "why"), p.Who(r.Context()).ID(), p.Clock())
	if err != nil {
		return p.toAccounts(w, r, err)
	}
	return p.showAccounts(w, r, number, nil)
}

func (p *Pages) recoveries(w http.ResponseWriter, r *http.Request) error {
	return p.showRecoveries(w, r, nil)
}

// showRecoveries is the page of what is claimed back.
func (p *Pages) showRecoveries(w http.ResponseWriter, r *http.Request, because error) error {
	ctx := r.Context()
	who := p.Who(ctx)
	s := p.Begin(r, "追回", "recoveries")
	s.Hint = "付错的钱由部门经办提出追回，财政审批批准，企业退回后由财政经办登记。当年的恢复额度，跨年的缴国库。"
	c := recoveryRegister.Choice(r)
	c.Departments = treasury.Departments(who)
	list, count, err := p.Seen.Recoveries(ctx, c)
	if err != nil {
		return err
	}
	unproven := p.Unproven(r)
	if unproven && who.Has(caller.F3) {
		s.Do = []moneyui.Form{counter.Proof("/recoveries", "批准追回")}
	}
	var rows [][]moneyui.Cell
	last := ""
	for _, x := range list {
		last = x.ID
		rows = append(rows, []moneyui.Cell{{Text: x.Name, URL: "/enterprises/" + x.Enterprise, Small: x.Enterprise}, {Text: x.Payment, Code: true}, moneyui.Sum(x.Amount), moneyui.Sum(x.Received), recoveryStates[x.State()], {Text: x.Reason, Small: x.ProposedBy + "提出"}, recoveryDeeds(who, x, unproven)})
	}
	section := recoveryRegister.Section(c, "list", "追回", count, len(list), last)
	section.Tables = []moneyui.Table{{Name: "追回", Heads: []string{"企业", "支付编号", "要追回（元）#", "已追回（元）#", "状态", "原因", "办理"}, Rows: rows, Empty: "没有要追回的。付错了钱，由部门经办提出追回。"}}
	s.Sections = []moneyui.Section{section}
	if who.Has(caller.D1) {
		s.Sections = append(s.Sections, moneyui.Section{ID: "claim", Title: "提出追回", Hint: "支付编号在名单条目页上。", Forms: []moneyui.Form{{Action: "/recoveries", Button: "提出", Fields: []moneyui.Field{{Name: "payment", Label: "支付编号", Kind: "text", Must: true}, {Name: "amount", Label: "金额（元）", Kind: "text", Must: true}, {Name: "reason", Label: "原因", Kind: "area", Must: true}}}}})
	}
	return p.Show(w, r, s, because)
}

var recoveryRegister = counter.Register{Path: "/recoveries", Unit: "笔", States: []moneyui.Pair{{Name: "全部"}, {Name: "待批准", Value: "waiting"}, {Name: "追回中", Value: "open"}, {Name: "已追回", Value: "done"}}}

var recoveryStates = map[string]moneyui.Cell{"waiting": moneyui.Badge("待批准", moneyui.Warn), "open": moneyui.Badge("追回中", moneyui.Going), "done": moneyui.Badge("已追回", moneyui.Good)}

// recoveryDeeds are what who looks may do with a recovery.
func recoveryDeeds(who caller.Caller, x overview.Recovery, unproven bool) (c moneyui.Cell) {
	switch {
	case x.State() == "open" && who.Has(caller.F1):
		c.Forms = []moneyui.Form{{Action: "/recoveries/" + x.ID + "/receive", Button: "登记", Title: "登记退回的钱", Fold: true, Quiet: true, Fields: []moneyui.Field{{Name: "amount", Label: "金额（元）", Kind: "text", Must: true}, {Name: "ref", Label: "银行流水号", Kind: "text", Must: true}}}}
	case x.State() == "waiting" && who.Has(caller.F3) && !unproven:
		c.Forms = []moneyui.Form{{Action: "/recoveries/" + x.ID + "/approve", Button: "批准", Quiet: true}}
	}
	return c
}

func (p *Pages) toRecoveries(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return p.showRecoveries(w, r, p.Explain(r.Context(), err, "这一笔"))
	}
	return p.Lead(w, r, "/recoveries")
}

func (p *Pages) claim(w http.ResponseWriter, r *http.Request) error {
	fen, err := counter.Money(r, "amount")
	if err == nil && counter.Text(r, "payment") == "" {
		err = problem.New(http.StatusUnprocessableEntity, "请写明支付编号，它在名单条目页上。")
	}
	if err == nil {
		err = p.OwnPayment(r.Context(), p.Who(r.Context()), counter.Text(r, "payment"))
	}
	if err == nil {
		_, err = p.Ledger.Propose(r.Context(), ledger.Recovery{Payment: counter.Text(r, "payment"), Amount: fen, Reason: counter.Text(r, "reason")}, p.Who(r.Context()).ID(), p.Clock())
	}
	return p.toRecoveries(w, r, err)
}

func (p *Pages) approveRecovery(w http.ResponseWriter, r *http.Request) error {
	return p.toRecoveries(w, r, p.Ledger.ApproveRecovery(r.Context(), r.PathValue("id"), p.Who(r.Context()).ID(), p.Clock()))
}

func (p *Pages) receive(w http.ResponseWriter, r *http.Request) error {
	fen, err := counter.Money(r, "amount")
	if err == nil {
		err = p.Ledger.Receive(r.Context(), r.PathValue("id"), counter.Text(r, "ref"), fen, p.Who(r.Context()).ID(), p.Clock())
	}
	return p.toRecoveries(w, r, err)
}
