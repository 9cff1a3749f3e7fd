package lists_test

import (
	"fmt"
	"slices"

	"mianshen/internal/disburse/lists"
)

// model is what a list should be, told by few lines of its own: no SQL, no hashes.
type model struct {
	id, item  string
	state     lists.State
	suspended bool
	two       bool
	round     int
	content   string // what the list's hash is of; "" voided
	handled   string // what was handled last
	did       map[string][]lists.Action
	entries   []*modelEntry
}

type modelEntry struct {
	firm, amount      int
	status            string
	objected, account bool
	reserved          int // the round in which money is put aside, 0 none
	open              []modelObjection
}

type modelObjection struct{ id, by string }

// actor is who acts in the walk.
type actor struct{ person, role string }

// cast are the actors; who can is false has not got the role.
var cast = map[actor]bool{
	{"D1", "D1"}: true, {"D1.2", "D1"}: true, {"D1", "D2"}: true, {"D2", "D2"}: true, {"F1", "F1"}: true, {"F1", "F2"}: true, {"F1", "F3"}: true,
	{"F2", "F2"}: true, {"F2", "F3"}: true, {"F3", "F3"}: true, {"F3.2", "F3"}: true, {"AU", "F1"}: false, {"D1.other", "D1"}: false,
}

// stage is what must be done by different persons; "" for the rest.
func stage(a lists.Action) lists.Action {
	switch a {
	case lists.ActEdit, lists.ActDraft:
		return lists.ActDraft
	case lists.ActReview, lists.ActHandle, lists.ActCheck, lists.ActApproveFirst, lists.ActApprove:
		return a
	}
	return ""
}

func (m *model) apart(a actor, action lists.Action) bool {
	for _, did := range m.did[a.person] {
		if stage(action) != "" && stage(did) != "" && stage(did) != stage(action) {
			return false
		}
	}
	return true
}

// key is the content in a round as a text; "" if nothing is in.
func (m *model) key(round int) string {
	text := ""
	for i, e := range m.entries {
		if e.status == "in" {
			text += fmt.Sprint(";", i, "=", e.amount)
		}
	}
	if text == "" {
		return ""
	}
	return fmt.Sprint(round, text)
}

// step is what a step should come to: false if it is refused, and then nothing has changed.
func (m *model) step(a actor, action lists.Action, late bool) bool {
	at := slices.IndexFunc(lists.Steps(), func(s lists.Step) bool { return s.Action == action && s.From == m.state && s.Role == a.role })
	if at < 0 || !cast[a] || !m.apart(a, action) {
		return false
	}
	resume := action == lists.ActResume
	if resume != m.suspended && !(action == lists.ActWithdraw && m.suspended) {
		return false
	}
	switch action {
	case lists.ActReview, lists.ActConfirm, lists.ActHandle:
		if m.key(m.round) == "" || action == lists.ActHandle && !late {
			return false
		}
		m.content = m.key(m.round)
	case lists.ActNotice:
		if !m.freeze() {
			return false
		}
	case lists.ActCheck, lists.ActApproveFirst, lists.ActApprove, lists.ActExport, lists.ActSend:
		if m.content == "" || m.content != m.key(m.round) || m.content != m.handled ||
			action == lists.ActApproveFirst && !m.two || action == lists.ActApprove && m.two != (m.state == lists.Approving) {
			return false
		}
	case lists.ActReturn, lists.ActWithdraw:
		m.unfreeze(action == lists.ActWithdraw)
	}
	if action == lists.ActHandle {
		m.handled = m.content
	}
	m.suspended = action == lists.ActSuspend || m.suspended && action != lists.ActResume && action != lists.ActWithdraw
	m.state = lists.Steps()[at].To
	m.did[a.person] = append(m.did[a.person], action)
	return true
}

// freeze holds who has no account, which is firm 3, and puts money aside for the round that begins.
func (m *model) freeze() bool {
	if !slices.ContainsFunc(m.entries, func(e *modelEntry) bool { return e.status == "in" && e.firm != 3 }) {
		return false
	}
	m.round++
	for _, e := range m.entries {
		e.account = e.firm != 3
		if e.status == "in" && !e.account {
			e.status, e.objected = "held", false
		}
		if e.status == "in" {
			e.reserved = m.round
		}
	}
	m.content = m.key(m.round)
	return true
}

func (m *model) unfreeze(out bool) {
	for _, e := range m.entries {
		e.reserved = 0
		if out && (e.status == "in" || e.status == "held") {
			e.status, m.content = "removed", ""
		}
	}
}

func (m *model) early() bool {
	return slices.Contains([]lists.State{lists.Drafted, lists.Reviewed, lists.Confirmed, lists.Noticed}, m.state)
}

// may tells whether an actor may change an entry: in a draft as one of its makers.
func (m *model) may(a actor, roles ...string) bool {
	if !cast[a] || !slices.Contains(roles, a.role) || m.suspended {
		return false
	}
	return m.state != lists.Drafted || a.role == "D1" && m.apart(a, lists.ActEdit)
}

func (m *model) edited(a actor) {
	if m.state == lists.Drafted {
		m.did[a.person] = append(m.did[a.person], lists.ActEdit)
	}
}

func (m *model) remove(a actor, e *modelEntry) bool {
	if !m.may(a, "D1") || e.status != "held" && (e.status != "in" || !m.early()) {
		return false
	}
	if e.status == "in" {
		m.content = ""
	}
	e.status, e.reserved = "removed", 0
	m.edited(a)
	return true
}

func (m *model) lower(a actor, e *modelEntry, amount int) bool {
	if !m.may(a, "D1") || m.state != lists.Drafted || e.status == "removed" || amount <= 0 || amount >= e.amount {
		return false
	}
	e.amount, m.content = amount, ""
	m.edited(a)
	return true
}

func (m *model) hold(a actor, e *modelEntry) bool {
	late := slices.Contains([]lists.State{lists.Exported, lists.Sent, lists.Settled, lists.Withdrawn}, m.state)
	if !m.may(a, "D1", "D2", "F1", "F2", "F3") || late || e.status != "in" {
		return false
	}
	e.status, e.objected, m.content = "held", false, ""
	m.edited(a)
	return true
}

func (m *model) release(a actor, e *modelEntry) bool {
	if !m.may(a, "D1", "F1") || e.status != "held" || len(e.open) > 0 || !m.early() || m.state == lists.Noticed && !e.account {
		return false
	}
	m.letIn(e)
	m.edited(a)
	return true
}

func (m *model) letIn(e *modelEntry) {
	e.status, e.objected, m.content = "in", false, ""
	if m.state == lists.Noticed {
		e.reserved = m.round
	}
}

func (m *model) object(a actor, e *modelEntry) bool {
	if !cast[a] || e.status == "removed" || !slices.Contains([]lists.State{lists.Noticed, lists.Handled, lists.Checked, lists.Approving}, m.state) {
		return false
	}
	if e.status == "in" {
		e.status, e.objected, m.content = "held", true, ""
	}
	return true
}

func (m *model) resolve(a actor, e *modelEntry, o modelObjection, upheld bool) bool {
	if !cast[a] || o.by == a.person {
		return false
	}
	e.open = slices.DeleteFunc(e.open, func(x modelObjection) bool { return x == o })
	switch {
	case e.status != "held":
	case upheld:
		e.status, e.reserved = "removed", 0
	case len(e.open) > 0 || !e.objected:
	case !m.early() || m.state == lists.Noticed && !e.account:
		e.objected = false
	default:
		m.letIn(e)
	}
	return true
}
