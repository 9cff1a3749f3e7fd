package fsck

// budgets are the checks of the ledger (M2, M3, M6, M7). Those of every posting read their tables once: M3.open counts what became of each
// reservation in one pass, since SQLite would compute a count of its own again wherever its name stands; in M3.fits the text made of a list's id keeps the
// postings of lists in the order of the table, not of an index that leads back to it row by row.
var budgets = []Check{
	{ID: "M2.line", Promise: "每条预算：冻结加已付不超过总额，都不是负数", query: `
		SELECT '预算 ' || id, '总额 ' || TEXT[total_fen] || ' 分，冻结 ' || TEXT[reserved_fen] || ' 分，已付 ' || TEXT[posted_fen] || ' 分'
		FROM budget_line WHERE total_fen < 0 OR reserved_fen < 0 OR posted_fen < 0 OR reserved_fen > total_fen - posted_fen`},
	{ID: "M2.counted", Promise: "每条预算的总额、冻结、已付就是记账凭证的合计", query: `
		SELECT '预算 ' || b.id, '按凭证应为总额 ' || TEXT[coalesce(s.total, 0)] || '、冻结 ' || TEXT[coalesce(s.reserved, 0)] || '、已付 ' || TEXT[coalesce(s.posted, 0)]
			|| ' 分，记的是 ' || TEXT[b.total_fen] || '、' || TEXT[b.reserved_fen] || '、' || TEXT[b.posted_fen] || ' 分'
		FROM budget_line b LEFT JOIN (SELECT line,
			sum(CASE WHEN debit = 'appropriation' THEN fen WHEN credit = 'appropriation' THEN -fen ELSE 0 END) AS total,
			sum(CASE WHEN credit = 'reserved' THEN fen WHEN debit = 'reserved' THEN -fen ELSE 0 END) AS reserved,
			sum(CASE WHEN credit = 'paid' THEN fen WHEN debit = 'paid' THEN -fen ELSE 0 END) AS posted
			FROM posting GROUP BY line) s ON s.line = b.id
		WHERE b.total_fen <> coalesce(s.total, 0) OR b.reserved_fen <> coalesce(s.reserved, 0) OR b.posted_fen <> coalesce(s.posted, 0)`},
	{ID: "M3.kind", Promise: "每张凭证一借一贷，科目与种类相符，金额是正数，连着它该连的", query: `
		SELECT '凭证 ' || TEXT[o.seq], CASE WHEN o.fen <= 0 THEN '金额不是正数' ELSE '种类 ' || o.kind || ' 与借 ' || o.debit || ' 贷 ' || o.credit || ' 或所连的不符' END
		FROM posting o WHERE o.fen <= 0 OR o.debit = o.credit OR NOT CASE o.kind
			WHEN 'allot' THEN o.debit = 'appropriation' AND o.credit = 'available' AND o.ref <> '' AND o.list IS NULL AND o.payment IS NULL
			WHEN 'carry' THEN o.debit = 'available' AND o.credit = 'appropriation' AND o.ref <> '' AND o.list IS NULL AND o.payment IS NULL
			WHEN 'reserve' THEN o.debit = 'available' AND o.credit = 'reserved' AND o.list IS NOT NULL AND o.n IS NOT NULL AND o.round IS NOT NULL AND o.payment IS NULL
			WHEN 'void' THEN o.debit = 'reserved' AND o.credit = 'available' AND o.list IS NOT NULL AND o.n IS NOT NULL AND o.round IS NOT NULL AND o.payment IS NULL
			WHEN 'post' THEN o.debit = 'reserved' AND o.credit = 'paid' AND o.payment IS NOT NULL AND o.list IS NULL
			WHEN 'move_out' THEN o.debit = 'reserved' AND o.credit = 'appropriation' AND o.payment IS NOT NULL AND o.list IS NULL
			WHEN 'move_in' THEN o.debit = 'appropriation' AND o.credit = 'reserved' AND o.payment IS NOT NULL AND o.list IS NULL
			WHEN 'return' THEN o.debit = 'paid' AND o.credit = 'available' AND o.payment IS NOT NULL AND o.list IS NULL
			WHEN 'recover' THEN o.debit = 'paid' AND o.credit = 'available' AND o.ref <> '' AND o.list IS NULL AND o.payment IS NULL
			ELSE 1 = 0 END`},
	{ID: "M3.fits", Promise: "凭证的金额和预算就是它的条目或款的", query: `
		SELECT '凭证 ' || TEXT[o.seq], '与清单 ' || o.list || ' 第 ' || TEXT[o.n] || ' 条的金额或预算不同' FROM posting o
		LEFT JOIN list_entry e ON e.list = o.list AND e.n = o.n
		WHERE o.list || '' IS NOT NULL AND (e.list IS NULL OR (o.kind = 'reserve' AND (e.line <> o.line OR e.amount_fen <> o.fen)
			AND EXISTS (SELECT 1 FROM disbursement_list l WHERE l.id = o.list AND l.round = o.round AND l.state NOT IN ('draft', 'reviewed', 'confirmed', 'withdrawn'))))
		UNION ALL
		SELECT '凭证 ' || TEXT[o.seq], '与款 ' || o.payment || ' 的金额或预算不同' FROM posting o LEFT JOIN payment p ON p.id = o.payment
		WHERE o.payment IS NOT NULL AND (p.id IS NULL OR p.amount_fen <> o.fen OR (p.line <> o.line AND (o.kind = 'move_out'
			OR NOT EXISTS (SELECT 1 FROM posting i WHERE i.payment = o.payment AND i.kind = 'move_in' AND i.line = o.line))))`},
	{ID: "M3.once", Promise: "一个条目在一轮里冻结一次、解冻一次，先冻结后解冻，金额相同", query: `
		SELECT '清单 ' || list || ' 第 ' || TEXT[n] || ' 条', '第 ' || TEXT[round] || ' 轮冻结 ' || TEXT[sum(CASE kind WHEN 'reserve' THEN 1 ELSE 0 END)]
			|| ' 次，解冻 ' || TEXT[sum(CASE kind WHEN 'void' THEN 1 ELSE 0 END)] || ' 次，或金额不同'
		FROM posting WHERE kind IN ('reserve', 'void') AND list IS NOT NULL GROUP BY list, n, round
		HAVING sum(CASE kind WHEN 'reserve' THEN 1 ELSE 0 END) <> 1 OR sum(CASE kind WHEN 'void' THEN 1 ELSE 0 END) > 1
			OR min(fen) <> max(fen) OR min(line) <> max(line)`},
	{ID: "M3.post", Promise: "付成的款恰好入账一次，没付成的不入账", query: `
		SELECT '款 ' || p.id, '状态 ' || p.state || '，入账 ' || TEXT[count(o.seq)] || ' 次' FROM payment p
		LEFT JOIN posting o ON o.payment = p.id AND o.kind = 'post' GROUP BY p.id, p.state
		HAVING count(o.seq) <> CASE WHEN p.state IN ('paid', 'returned') THEN 1 ELSE 0 END`},
	{ID: "M7.return", Promise: "退回的款恰好还给预算一次，没退回的不还", query: `
		SELECT '款 ' || p.id, '状态 ' || p.state || '，退回 ' || TEXT[count(o.seq)] || ' 次' FROM payment p
		LEFT JOIN posting o ON o.payment = p.id AND o.kind = 'return' GROUP BY p.id, p.state
		HAVING count(o.seq) <> CASE WHEN p.state = 'returned' THEN 1 ELSE 0 END`},
	{ID: "M3.open", Promise: "冻结的钱各有下落：付成的入账，退出的解冻，结清的清单不留冻结", query: `
		SELECT ENTRY[r], '第 ' || TEXT[r.round] || ' 轮冻结后解冻 ' || TEXT[r.voids] || ' 次、入账 ' || TEXT[r.posts] || ' 次，清单是 ' || l.state || '，条目是 ' || e.status
		FROM (SELECT u.list, u.n, u.round, sum(CASE u.kind WHEN 'void' THEN 1 ELSE 0 END) AS voids, sum(CASE u.kind WHEN 'post' THEN 1 ELSE 0 END) AS posts
			FROM (SELECT list, n, round, kind FROM posting WHERE list IS NOT NULL
				UNION ALL SELECT p.list, p.n, b.round, x.kind FROM posting x JOIN payment p ON p.id = x.payment JOIN payment_batch b ON b.id = p.batch WHERE x.kind = 'post') u
			GROUP BY u.list, u.n, u.round HAVING sum(CASE u.kind WHEN 'reserve' THEN 1 ELSE 0 END) > 0) r
		JOIN disbursement_list l ON l.id = r.list JOIN list_entry e ON e.list = r.list AND e.n = r.n
		WHERE r.voids + r.posts > 1 OR (r.voids + r.posts = 0
			AND (r.round < l.round OR l.state IN ('draft', 'reviewed', 'confirmed', 'withdrawn')
				OR (l.state = 'settled' AND e.status <> 'held') OR e.status IN ('removed', 'returned')))`},
	{ID: "M3.reserved", Promise: "公示起，清单上每个条目的钱都冻结着", query: `
		SELECT ENTRY[e], '第 ' || TEXT[l.round] || ' 轮没有冻结' FROM list_entry e JOIN disbursement_list l ON l.id = e.list
		WHERE e.status = 'in' AND l.state IN ('noticed', 'handled', 'checked', 'approving', 'approved', 'exported', 'sent', 'settled')
			AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.list = e.list AND o.n = e.n AND o.round = l.round AND o.kind = 'reserve')
		UNION ALL
		SELECT ENTRY[e], '条目还在清单上，冻结却已解除' FROM list_entry e JOIN disbursement_list l ON l.id = e.list
		WHERE e.status = 'in' AND l.state IN ('noticed', 'handled', 'checked', 'approving', 'approved', 'exported')
			AND EXISTS (SELECT 1 FROM posting o WHERE o.list = e.list AND o.n = e.n AND o.round = l.round AND o.kind = 'void')`},
	{ID: "M6.year", Promise: "下达、冻结、入账都在预算的那一年", query: `
		SELECT '凭证 ' || TEXT[o.seq], '预算 ' || b.id || ' 是 ' || TEXT[b.year] || ' 年的，凭证日期在别的年份' FROM posting o
		JOIN budget_line b ON b.id = o.line WHERE o.kind IN ('allot', 'reserve', 'move_in', 'post') AND YEAR[o.at] <> b.year`},
	{ID: "M6.line", Promise: "用到的预算都在，由开立人以外的人批准过", query: `
		SELECT '预算 ' || x.line, CASE WHEN b.id IS NULL THEN '没有这条预算' ELSE '没有经开立人以外的人批准' END
		FROM (SELECT line FROM posting GROUP BY line UNION SELECT line FROM payment GROUP BY line) x LEFT JOIN budget_line b ON b.id = x.line
		WHERE b.id IS NULL OR b.approved_by IS NULL OR b.approved_by = b.opened_by`},
	{ID: "M6.carry", Promise: "结转出去的钱，恰好转入一条由它结转来的预算", query: `
		SELECT '凭证 ' || TEXT[c.seq], '结转文号 ' || c.ref || ' 转入了 ' || TEXT[count(b.id)] || ' 条预算' FROM posting c
		LEFT JOIN posting a ON a.kind = 'allot' AND a.ref = c.ref AND a.fen = c.fen LEFT JOIN budget_line b ON b.id = a.line AND b.carried_from = c.line
		WHERE c.kind = 'carry' GROUP BY c.seq, c.ref HAVING count(b.id) <> 1`},
	{ID: "M6.moved", Promise: "银行在下一年划出的款，冻结从它的预算转到由那条结转来的预算，在那里入账，各恰好一次，由人认定过银行的答复", query: `
		SELECT '款 ' || m.payment, '冻结转出、转入和入账对不上，或没有人认定银行的答复' FROM (
			SELECT payment FROM posting WHERE kind IN ('move_out', 'move_in') GROUP BY payment) m
		WHERE (SELECT count(*) FROM posting o JOIN posting i ON i.payment = o.payment AND i.kind = 'move_in' AND i.fen = o.fen
				JOIN budget_line b ON b.id = i.line AND b.carried_from = o.line JOIN posting x ON x.payment = o.payment AND x.kind = 'post' AND x.line = i.line AND x.fen = i.fen
				WHERE o.payment = m.payment AND o.kind = 'move_out') <> 1
			OR (SELECT count(*) FROM posting o WHERE o.payment = m.payment AND o.kind IN ('move_out', 'move_in')) <> 2
			OR NOT EXISTS (SELECT 1 FROM receipt_line r WHERE r.payment = m.payment AND r.result = 'success' AND r.resolution LIKE '属实：%')`},
	{ID: "M7.recovery", Promise: "追回的合计不超过付成的款，由提出人以外的人批准，企业就是收款的", query: `
		SELECT '款 ' || r.payment, '追回合计 ' || TEXT[sum(r.amount_fen)] || ' 分，付成 ' || TEXT[coalesce(p.amount_fen, 0)] || ' 分'
		FROM recovery r LEFT JOIN payment p ON p.id = r.payment AND p.state = 'paid' GROUP BY r.payment, p.amount_fen
		HAVING sum(r.amount_fen) > coalesce(p.amount_fen, 0)
		UNION ALL
		SELECT '追回 ' || r.id, CASE WHEN r.enterprise <> e.enterprise THEN '企业不是收款的那家' ELSE '未经提出人以外的人批准就收了钱' END FROM recovery r
		JOIN payment p ON p.id = r.payment JOIN list_entry e ON e.list = p.list AND e.n = p.n
		WHERE r.enterprise <> e.enterprise OR r.approved_by = r.proposed_by OR (r.approved_by IS NULL AND r.received_fen > 0)`},
	{ID: "M7.received", Promise: "追回已收的就是到账的合计，不超过应追的", query: `
		SELECT '追回 ' || r.id, '应追 ' || TEXT[r.amount_fen] || ' 分，记已收 ' || TEXT[r.received_fen] || ' 分，到账 ' || TEXT[coalesce(s.fen, 0)] || ' 分'
		FROM recovery r LEFT JOIN (SELECT recovery, sum(fen) AS fen FROM recovery_receipt GROUP BY recovery) s ON s.recovery = r.id
		WHERE r.received_fen <> coalesce(s.fen, 0) OR r.received_fen > r.amount_fen`},
	{ID: "M7.restored", Promise: "追回到账的钱，在那一年里恰好还给付出它的预算一次", query: `
		SELECT '凭证 ' || TEXT[o.seq], '没有流水号 ' || o.ref || ' 的到账，或金额、预算不同' FROM posting o WHERE o.kind = 'recover'
			AND NOT EXISTS (SELECT 1 FROM recovery_receipt c JOIN recovery r ON r.id = c.recovery JOIN payment p ON p.id = r.payment
				LEFT JOIN posting i ON i.payment = p.id AND i.kind = 'move_in' WHERE c.ref = o.ref AND c.fen = o.fen AND coalesce(i.line, p.line) = o.line)
		UNION ALL
		SELECT '追回 ' || c.recovery, '流水号 ' || c.ref || ' 的到账还给预算 ' || TEXT[count(o.seq)] || ' 次' FROM recovery_receipt c
		JOIN recovery r ON r.id = c.recovery JOIN payment p ON p.id = r.payment LEFT JOIN posting i ON i.payment = p.id AND i.kind = 'move_in'
		JOIN budget_line b ON b.id = coalesce(i.line, p.line) AND b.year = YEAR[c.at]
		LEFT JOIN posting o ON o.kind = 'recover' AND o.ref = c.ref GROUP BY c.recovery, c.ref HAVING count(o.seq) <> 1`},
}
