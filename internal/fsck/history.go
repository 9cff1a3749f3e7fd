package fsck

// history are the checks of what was granted before or elsewhere, and of who says that the ledger has all of it (M1, A1, D5).
var history = []Check{
	{ID: "A1.history", Promise: "补录的拨付和账目完整由一人登记、本部门另一人确认，终止写明理由", query: `
		SELECT x.row, CASE WHEN x.answered_by = x.recorded_by THEN '由登记的人自己确认'
			WHEN (x.answer IS NULL) <> (x.answered_by IS NULL) OR (x.answer IS NULL) <> (x.answered_at IS NULL) THEN '确认人、确认时间和结果不全'
			WHEN x.ended AND x.answer IS NULL THEN '没有确认，却已终止'
			ELSE '登记人或确认人那时没有本部门的角色' END
		FROM (SELECT '补录 ' || id AS row, department, recorded_by, recorded_at, answer, answered_by, answered_at, 0 = 1 AS ended FROM earlier_file
			UNION ALL SELECT '账目完整 ' || id, department, recorded_by, recorded_at, answer, answered_by, answered_at, ended_at IS NOT NULL FROM whole_ledger) x
		WHERE x.answered_by = x.recorded_by OR (x.answer IS NULL) <> (x.answered_by IS NULL) OR (x.answer IS NULL) <> (x.answered_at IS NULL)
			OR (x.ended AND x.answer IS NULL)
			OR NOT EXISTS (SELECT 1 FROM role_grant g WHERE g.person = x.recorded_by AND g.role = 'D1' AND g.scope = x.department
				AND g.confirmed_at <= x.recorded_at AND (g.revoked_at IS NULL OR g.revoked_at >= x.recorded_at))
			OR (x.answered_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM role_grant g WHERE g.person = x.answered_by AND g.role = 'D2' AND g.scope = x.department
				AND g.confirmed_at <= x.answered_at AND (g.revoked_at IS NULL OR g.revoked_at >= x.answered_at)))`},
	{ID: "D5.history", Promise: "确认账目完整时，本事项补录的拨付都已复核", query: `
		SELECT '账目完整 ' || w.id, '确认时补录 ' || min(f.id) || ' 还没有复核' FROM whole_ledger w
		JOIN earlier_grant g ON g.item = w.item JOIN earlier_file f ON f.id = g.file
		WHERE w.answer = 'confirmed' AND f.recorded_at < w.answered_at AND (f.answered_at IS NULL OR f.answered_at > w.answered_at) GROUP BY w.id`},
	{ID: "M4.earlier", Promise: "补录的笔数和金额就是各行的合计，驳回的不算数，退回的不超过拨付的", query: `
		SELECT '补录 ' || f.id, '记着 ' || TEXT[f.grants] || ' 笔 ' || TEXT[f.sum_fen] || ' 分，各行是 ' || TEXT[count(g.line)] || ' 笔 ' || TEXT[coalesce(sum(g.amount_fen), 0)] || ' 分，或驳回与各行不符'
		FROM earlier_file f LEFT JOIN earlier_grant g ON g.file = f.id GROUP BY f.id, f.grants, f.sum_fen, f.answer
		HAVING count(g.line) <> f.grants OR coalesce(sum(g.amount_fen), 0) <> f.sum_fen
			OR coalesce(sum(g.live), 0) <> CASE WHEN f.answer = 'rejected' THEN 0 ELSE count(g.line) END
		UNION ALL
		SELECT '补录 ' || min(file), '企业 ' || enterprise || ' 事项 ' || item || ' 期间 ' || period || ' 退回的比拨付的多' FROM earlier_grant WHERE live = 1
		GROUP BY item, enterprise, period, basis HAVING sum(amount_fen) < 0`},
	{ID: "M1.earlier", Promise: "以前或别处拨付过的，不再列入清单", query: `
		SELECT ENTRY[e], '补录 ' || g.file || ' 里已经拨付过' FROM (SELECT min(o.file) AS file, o.item, o.enterprise, o.period, o.basis FROM earlier_grant o JOIN earlier_file h ON h.id = o.file
			WHERE o.live = 1 AND (o.amount_fen > 0 OR h.answer = 'confirmed') GROUP BY o.item, o.enterprise, o.period, o.basis HAVING sum(o.amount_fen) > 0) g
		JOIN entitlement t ON t.item = g.item AND t.enterprise = g.enterprise AND t.period = g.period AND t.basis = g.basis
		JOIN list_entry e ON e.entitlement = t.id AND e.part = t.part WHERE e.status IN ('in', 'held') AND e.part NOT LIKE 'c%'`},
}
