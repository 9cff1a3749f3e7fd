package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mianshen/internal/disburse/payout"
	"mianshen/internal/persons"
	"mianshen/internal/store"
	"mianshen/seeds"
)

// Department is what the demo's officials of a department are officials of.
const Department = "区人社局"

// Begin makes an empty database a demo, before anything is loaded. One that holds samples of before there were demo persons stays
// without them: false.
func Begin(ctx context.Context, book *persons.Book, now time.Time) (bool, error) {
	err := book.MakeDemo(ctx, now)
	if errors.Is(err, store.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// Cast are the persons whom one may be in a demo. The two of the firms act for the first of the sample enterprises.
func Cast() ([]persons.DemoPerson, error) {
	bundle, err := seeds.Enterprises()
	if err != nil {
		return nil, err
	}
	if len(bundle.Profiles.Rows) == 0 {
		return nil, fmt.Errorf("no sample enterprise")
	}
	firm := bundle.Profiles.Rows[0][0]
	one := func(login, name string, role persons.Role, scope string) persons.DemoPerson {
		return persons.DemoPerson{Login: login, Name: "演示" + name, Holdings: []persons.Holding{{Role: role, Scope: scope}}}
	}
	return []persons.DemoPerson{
		one("E1", "企业经办", persons.FirmClerk, firm), one("E2", "企业管理员", persons.FirmAdmin, firm),
		one("D1", "部门经办", persons.DepartmentDrafts, Department), one("D2", "部门审核", persons.DepartmentReviews, Department),
		one("F1", "财政经办", persons.FinanceHandles, ""), one("F2", "财政复核", persons.FinanceChecks, ""),
		one("F3", "财政审批甲", persons.FinanceApproves, ""), one("F3b", "财政审批乙", persons.FinanceApproves, ""),
		one("AU", "审计", persons.Auditor, ""), one("SA", "系统管理员", persons.SystemAdmin, ""), one("SE", "安全管理员", persons.SecurityAdmin, ""),
		one("LA", "审计管理员", persons.AuditAdmin, ""),
	}, nil
}

// Debtor is the made-up account of a made-up treasury, from which the demo pays.
func Debtor() payout.Debtor {
	return payout.Debtor{Name: "示例区财政局国库支付中心", Bank: "102290000001", Account: "1001000000000000018"}
}
