package fsck

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// right names a row of entitlement t.
const right = `('权益 ' || t.id || CASE t.part WHEN '' THEN '' ELSE '/' || t.part END)`

// rights are the checks that nobody is paid twice (M1).
var rights = []Check{
	{ID: "M1.id", Promise: "权益编号就是事项、企业、期间、依据的散列值", walk: rightIDs},
	{ID: "M1.unique", Promise: "同一事项、企业、期间、依据的同一份权益只登记一次", query: `
		SELECT '事项 ' || item || ' 企业 ' || enterprise, '期间 ' || period || ' 的权益登记了 ' || TEXT[count(*)] || ' 次' FROM entitlement
		GROUP BY item, enterprise, period, basis_kind, basis, part HAVING count(*) > 1`},
	{ID: "M1.live", Promise: "一份权益同时只在一张清单上", query: `
		SELECT '权益 ' || entitlement || CASE part WHEN '' THEN '' ELSE '/' || part END, '同时在 ' || TEXT[count(*)] || ' 条上，首条在清单 ' || min(list)
		FROM list_entry WHERE status IN ('in', 'held') GROUP BY entitlement, part HAVING count(*) > 1`},
	{ID: "M1.twice", Promise: "一份权益最多有一笔在途或付成的款", query: `
		SELECT '权益 ' || e.entitlement || CASE e.part WHEN '' THEN '' ELSE '/' || e.part END, '有 ' || TEXT[count(*)] || ' 笔在途或付成的款，其一是 ' || min(p.id)
		FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n WHERE p.state IN ('ready', 'sent', 'unknown', 'paid')
		GROUP BY e.entitlement, e.part HAVING count(*) > 1`},
	{ID: "M1.claim", Promise: "付出的款不超过权益的金额", query: `
		SELECT '权益 ' || t.id || CASE t.part WHEN '' THEN '' ELSE '/' || t.part END, '金额 ' || TEXT[t.amount_fen] || ' 分，已付 ' || TEXT[sum(p.amount_fen)] || ' 分'
		FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part
		WHERE p.state = 'paid' GROUP BY t.id, t.part, t.amount_fen HAVING sum(p.amount_fen) > t.amount_fen`},
	{ID: "M1.entry", Promise: "清单条目与它的权益一致：企业、事项、申领金额相同，少付写明理由", query: `
		SELECT ENTRY[e], CASE WHEN t.id IS NULL THEN '没有它的权益' WHEN t.enterprise <> e.enterprise THEN '企业与权益的不同'
			WHEN t.item <> e.item THEN '事项与权益的不同' WHEN t.amount_fen <> e.claimed_fen THEN '申领金额与权益的不同'
			WHEN e.amount_fen > e.claimed_fen THEN '付的比申领的多' WHEN e.amount_fen <= 0 THEN '金额不是正数' ELSE '少付没有写明理由' END
		FROM list_entry e LEFT JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part
		WHERE t.id IS NULL OR t.enterprise <> e.enterprise OR t.item <> e.item
			OR (t.amount_fen <> e.claimed_fen AND e.status IN ('in', 'held'))
			OR e.amount_fen > e.claimed_fen OR e.amount_fen <= 0 OR (e.amount_fen < e.claimed_fen AND e.reason = '')`},
	{ID: "M1.status", Promise: "在途或付成的款，它的条目仍在清单上；退回的条目有一笔失败或退回的款", query: `
		SELECT ENTRY[e], '款 ' || p.id || ' 在途或付成，条目却是 ' || e.status FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n
		WHERE p.state IN ('sent', 'unknown', 'paid') AND e.status <> 'in'
		UNION ALL
		SELECT ENTRY[e], '条目已退回，却没有失败或退回的款' FROM list_entry e WHERE e.status = 'returned'
			AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.list = e.list AND p.n = e.n AND p.state IN ('failed', 'returned'))`},
	{ID: "D3.decision", Promise: "权益出自已完成的比对，依据的政策版本是那次比对用过的", query: `
		SELECT ` + right + `, CASE WHEN s.id IS NULL THEN '没有第 ' || TEXT[t.sweep] || ' 次比对' WHEN s.status <> 'done' THEN '比对没有完成'
			ELSE '那次比对没有用这个政策版本' END
		FROM entitlement t LEFT JOIN sweep s ON s.id = t.sweep LEFT JOIN sweep_policy p ON p.sweep = t.sweep AND p.policy_version = t.policy_version
		WHERE s.id IS NULL OR s.status <> 'done' OR p.sweep IS NULL`},
}

// rightIDs computes the id of each entitlement again: SHA-256 over the line that names the form, then of item, enterprise,
// period, kind and value of the basis each its length in bytes in decimal digits, a colon and the bytes themselves.
func rightIDs(ctx context.Context, b *book) error {
	var id, part string
	texts := make([]string, 5)
	var form []byte
	return b.each(ctx, `SELECT id, part, item, enterprise, period, basis_kind, basis FROM entitlement`,
		[]any{&id, &part, &texts[0], &texts[1], &texts[2], &texts[3], &texts[4]}, func() {
			form = append(form[:0], "mianshen entitlement 1\n"...)
			for _, text := range texts {
				form = strconv.AppendInt(form, int64(len(text)), 10)
				form = append(append(form, ':'), text...)
			}
			if sum := sha256.Sum256(form); hex.EncodeToString(sum[:]) != id {
				b.found("M1.id", "权益 "+id+" "+part, "按事项 %s、企业 %s、期间 %s 重算的编号不同", texts[0], texts[1], texts[2])
			}
		})
}
