package web

import (
	"github.com/danielgtaylor/huma/v2"

	"mianshen/internal/web/fundsapi"
)

// funds adds the operations of what lists draw on: budget lines, payee accounts, findings, recoveries, earlier grants, choices of firms,
// and the state of the lock. Doors that ask for password and code once more on their pages aren't among them, as approving a list isn't:
// no token opens them, and who signs sees on the page what he signs. They are approving and filling a budget line, carrying over,
// verifying an account, seeing its whole number, approving a recovery, and unlocking.
func (s *Server) funds(api huma.API) {
	a := fundsapi.New(s.money, s.caller)
	reads(s, api, "list-budget-lines", "/api/v1/budget", "预算额度：下达、冻结、已付、可用", "预算额度", a.Lines)
	reads(s, api, "get-budget-line", "/api/v1/budget/{id}", "一条预算额度", "这条预算额度", a.Line)
	reads(s, api, "list-postings", "/api/v1/budget/{id}/postings", "一条预算额度的流水", "这条预算额度", a.Postings)
	orders(s, api, "open-budget-line", "/api/v1/budget", "建一条预算额度，等财政审批在页面上批准和下达", "这条额度", by(a.OpenLine))

	reads(s, api, "list-accounts", "/api/v1/accounts", "企业的收款账户，账号是掩码", "收款账户", a.Accounts)
	orders(s, api, "record-account", "/api/v1/accounts", "登记一个收款账户，等财政复核在页面上核验；答复里只有掩码", "这家企业", by(a.RecordAccount))
	orders(s, api, "retire-account", "/api/v1/accounts/{id}/retire", "停用一个收款账户", "这个收款账户", by(a.RetireAccount))

	reads(s, api, "list-findings", "/api/v1/findings", "人工认定", "人工认定", a.Findings)
	orders(s, api, "record-finding", "/api/v1/findings", "录入一条人工认定，由另一人确认才算数", "这条人工认定", by(a.Find))
	orders(s, api, "import-findings", "/api/v1/findings/import", "录入一个文件的人工认定，有一处不对就整份不收", "这份文件", by(a.ImportFindings))
	orders(s, api, "answer-finding", "/api/v1/findings/{id}/answer", "确认或驳回一条人工认定，不能是录入的人", "这条人工认定", by(a.AnswerFinding))

	reads(s, api, "list-recoveries", "/api/v1/recoveries", "追回", "追回", a.Recoveries)
	orders(s, api, "propose-recovery", "/api/v1/recoveries", "提出追回一笔支付的全部或一部分，等财政审批在页面上批准", "这笔支付", by(a.Claim))
	orders(s, api, "receive-recovery", "/api/v1/recoveries/{id}/receipts", "登记收回的钱", "这笔追回", by(a.Receive))

	reads(s, api, "list-earlier-files", "/api/v1/granted/files", "补录以前或别处的拨付的文件", "补录", a.EarlierFiles)
	reads(s, api, "list-earlier-grants", "/api/v1/granted/files/{id}/grants", "一份补录里的拨付", "这份补录", a.EarlierGrants)
	orders(s, api, "bring-earlier-file", "/api/v1/granted/files", "补录一个文件的拨付，有一处不对就整份不收；由另一人复核才算数", "这份补录", by(a.BringEarlier))
	orders(s, api, "answer-earlier-file", "/api/v1/granted/files/{id}/answer", "确认或驳回一份补录，不能是补录的人", "这份补录", by(a.AnswerFile))
	reads(s, api, "list-whole-ledgers", "/api/v1/granted/statements", "账目完整的登记", "账目完整的登记", a.Wholes)
	orders(s, api, "state-whole-ledger", "/api/v1/granted/statements", "登记事项的拨付从某日起都在账里，由另一人复核才算数", "这个部门的事项", by(a.State))
	orders(s, api, "answer-whole-ledger", "/api/v1/granted/statements/{id}/answer", "确认或驳回一条账目完整的登记，不能是登记的人", "这条登记", by(a.AnswerWhole))
	orders(s, api, "end-whole-ledger", "/api/v1/granted/statements/{id}/end", "终止一条账目完整的登记", "这条登记", by(a.EndWhole))

	reads(s, api, "list-choices", "/api/v1/choices", "企业在几选一的组里的选择", "企业的选择", a.Choices)
	reads(s, api, "list-firm-choices", "/api/v1/enterprises/{uscc}/choices", "一家企业的选择", "这家企业", a.FirmChoices)
	orders(s, api, "choose", "/api/v1/enterprises/{uscc}/choices", "记下企业选了哪个事项，最后一次的算数", "这家企业", by(a.Choose))

	reads(s, api, "get-lock", "/api/v1/lock", "支付和推送锁没锁；锁定和解锁在页面上由两个人办理", "锁", a.Lock)
}
