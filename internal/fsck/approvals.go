package fsck

import "context"

// approvals are the checks of who did what to a list (A1, A2, A3, A6, A7).
var approvals = []Check{
	{ID: "A1.persons", Promise: "起草、审核、经办、复核、批准一张清单的是不同的人", query: `
		SELECT '清单 ' || a.list, '第 ' || TEXT[a.seq] || ' 步 ' || a.action || ' 和第 ' || TEXT[b.seq] || ' 步 ' || b.action || ' 是同一个人 ' || a.person
		FROM list_event a JOIN list_event b ON b.list = a.list AND b.person = a.person AND b.seq > a.seq
		WHERE a.action IN ('draft', 'edit', 'review', 'handle', 'check', 'approve_first', 'approve')
			AND b.action IN ('draft', 'edit', 'review', 'handle', 'check', 'approve_first', 'approve')
			AND replace(a.action, 'edit', 'draft') <> replace(b.action, 'edit', 'draft')`},
	{ID: "A1.standin", Promise: "代办的人和被代的人不是一个人", query: `
		SELECT EVENT[v], '代的是本人 ' || v.person FROM list_event v WHERE v.stands_for = v.person`},
	{ID: "A1.role", Promise: "每一步由那时有这个角色的人做，部门的角色是本部门的", query: `
		SELECT EVENT[v], v.person || ' 那时没有 ' || v.role || ' 这个角色，或已停用' FROM list_event v JOIN disbursement_list l ON l.id = v.list
		WHERE NOT EXISTS (SELECT 1 FROM role_grant g JOIN person p ON p.id = g.person WHERE g.person = v.person AND g.role = v.role
			AND (v.role NOT IN ('D1', 'D2') OR g.scope = l.department) AND g.confirmed_at <= v.at
			AND (g.revoked_at IS NULL OR g.revoked_at >= v.at) AND (p.disabled_at IS NULL OR p.disabled_at >= v.at))`},
	{ID: "A2.hash", Promise: "清单的散列值就是它的内容的", walk: contents},
	{ID: "A2.bound", Promise: "复核、批准、出文件、送出、结清的都是经办的那份内容", query: `
		SELECT EVENT[v], v.action || ' 的内容不是经办的那份' FROM list_event v WHERE v.action IN ('check', 'approve_first', 'approve', 'export', 'send', 'settle')
			AND (v.hash IS NULL OR v.hash <> coalesce((SELECT h.hash FROM list_event h WHERE h.list = v.list AND h.seq < v.seq AND h.action = 'handle'
				ORDER BY h.seq DESC LIMIT 1), ''))
		UNION ALL
		SELECT '清单 ' || l.id, '内容在批准后变了' FROM disbursement_list l WHERE l.state IN ('sent', 'settled')
			AND coalesce(l.hash, '') <> coalesce((SELECT v.hash FROM list_event v WHERE v.list = l.id AND v.action = 'approve' ORDER BY v.seq DESC LIMIT 1), '-')`},
	{ID: "A3.replay", Promise: "清单的状态就是逐步走出来的，每一步都在步骤表里", walk: replay},
	{ID: "A3.table", Promise: "库里的步骤表就是程序的步骤表", walk: stepTable},
	{ID: "A7.notice", Promise: "公示期满以后才经办", query: `
		SELECT EVENT[v], '公示到 ' || coalesce(TEXT[l.notice_until], '（没有公示期）') || '，经办早了' FROM list_event v JOIN disbursement_list l ON l.id = v.list
		WHERE v.action = 'handle' AND l.state IN ('handled', 'checked', 'approving', 'approved', 'exported', 'sent', 'settled')
			AND (l.notice_until IS NULL OR l.notice_until >= DAY[v.at])
			AND v.seq = (SELECT max(h.seq) FROM list_event h WHERE h.list = v.list AND h.action = 'handle')`},
	{ID: "A1.finding", Promise: "人工认定由认定人以外的人确认", query: `
		SELECT '认定 ' || id, '由认定人自己确认' FROM finding WHERE answered_by = recorded_by`},
}

// transition is a row of the table of legal steps.
type transition struct{ action, from, role string }

// The stages of a list in their order, who may do what from where: written here a second time.
var transitions = table()

func table() map[transition]string {
	t := map[transition]string{}
	add := func(action, role, to string, from ...string) {
		for _, state := range from {
			t[transition{action, state, role}] = to
			if to == "" {
				t[transition{action, state, role}] = state
			}
		}
	}
	office := []string{"draft", "reviewed", "confirmed", "noticed"}
	treasury := []string{"handled", "checked", "approving", "approved", "exported"}
	add("draft", "D1", "draft", "")
	add("edit", "D1", "draft", "draft")
	add("review", "D2", "reviewed", "draft")
	add("confirm", "D1", "confirmed", "reviewed")
	add("notice", "D1", "noticed", "confirmed")
	add("handle", "F1", "handled", "noticed")
	add("check", "F2", "checked", "handled")
	add("approve_first", "F3", "approving", "checked")
	add("approve", "F3", "approved", "checked", "approving")
	add("export", "F1", "exported", "approved")
	add("send", "F1", "sent", "exported")
	add("settle", "F2", "settled", "sent")
	add("reopen", "F1", "noticed", "handled", "checked", "approving", "approved")
	add("return", "D1", "draft", "reviewed", "confirmed", "noticed")
	add("return", "F1", "draft", "noticed", "approved", "exported")
	add("return", "F2", "draft", "handled")
	add("return", "F3", "draft", "checked", "approving")
	add("withdraw", "D1", "withdrawn", append(office, treasury...)...)
	for _, action := range []string{"suspend", "resume"} {
		add(action, "D1", "", office...)
		add(action, "F1", "", treasury...)
	}
	return t
}

// stepTable holds the table of the database against this one.
func stepTable(ctx context.Context, b *book) error {
	var t transition
	var to string
	seen := map[transition]bool{}
	err := b.each(ctx, `SELECT action, from_state, role, to_state FROM list_step`, []any{&t.action, &t.from, &t.role, &to}, func() {
		seen[t] = true
		if want, ok := transitions[t]; !ok || want != to {
			b.found("A3.table", "步骤 "+t.action+" "+t.from+" "+t.role, "到 %s：程序的表里没有这一步", to)
		}
	})
	for t := range transitions {
		if err == nil && !seen[t] {
			b.found("A3.table", "步骤 "+t.action+" "+t.from+" "+t.role, "库里没有这一步")
		}
	}
	return err
}

// course is how far a list has come.
type course struct {
	list, state     string
	seq, round      int64
	suspended, twin bool
}

// replay walks through the steps of each list and compares where they lead with what the list says.
func replay(ctx context.Context, b *book) error {
	var list, state string
	var suspended, round, two int64
	var seq *int64
	var action, from, to, role *string
	var c course
	var said struct {
		state            string
		suspended, round int64
	}
	end := func() {
		if c.list != "" && (c.state != said.state || c.round != said.round || c.suspended != (said.suspended == 1)) {
			b.found("A3.replay", "清单 "+c.list, "记为 %s 第 %d 轮，按步骤应为 %s 第 %d 轮，或暂停与否不符", said.state, said.round, c.state, c.round)
		}
	}
	err := b.each(ctx, `SELECT l.id, l.state, l.suspended, l.round, l.two_approvers, v.seq, v.action, v.from_state, v.to_state, v.role
		FROM disbursement_list l LEFT JOIN list_event v ON v.list = l.id ORDER BY l.id, v.seq`,
		[]any{&list, &state, &suspended, &round, &two, &seq, &action, &from, &to, &role}, func() {
			if list != c.list {
				end()
				c = course{list: list, twin: two == 1}
				said.state, said.suspended, said.round = state, suspended, round
			}
			if seq == nil {
				b.found("A3.replay", "清单 "+list, "没有一步记录")
				return
			}
			if wrong := c.step(step{*seq, transition{*action, *from, *role}, *to}); wrong != "" {
				b.found("A3.replay", "清单 "+list, "第 %d 步 %s：%s", *seq, *action, wrong)
			}
		})
	if err == nil {
		end()
	}
	return err
}

// step is one row of a list's history.
type step struct {
	seq int64
	transition
	to string
}

// step takes a step and says what is illegal about it, or nothing.
func (c *course) step(s step) (wrong string) {
	to, legal := transitions[s.transition]
	switch {
	case s.seq != c.seq+1:
		wrong = "步号不连续"
	case s.from != c.state:
		wrong = "不从清单所在的状态 " + c.state + " 走起"
	case !legal || to != s.to:
		wrong = "步骤表里没有"
	case s.action == "resume" && !c.suspended, s.action != "resume" && s.action != "withdraw" && c.suspended:
		wrong = "暂停着不能走这一步，或没有暂停"
	case s.action == "approve_first" && !c.twin, s.action == "approve" && c.twin != (s.from == "approving"):
		wrong = "批准的人数不符"
	}
	c.seq, c.state = s.seq, s.to
	switch s.action {
	case "suspend":
		c.suspended = true
	case "resume", "withdraw":
		c.suspended = false
	case "notice":
		c.round++
	}
	return wrong
}
