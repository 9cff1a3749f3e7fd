package fsck

// payments are the checks from an approved list to the order to pay (M8, A5, A7).
var payments = []Check{
	{ID: "M8.batch", Promise: "每批支付的笔数和合计就是它的各笔款的", query: `
		SELECT '批次 ' || b.id, '记 ' || TEXT[b.lines] || ' 笔 ' || TEXT[b.sum_fen] || ' 分，实有 ' || TEXT[count(p.id)] || ' 笔 ' || TEXT[coalesce(sum(p.amount_fen), 0)] || ' 分'
		FROM payment_batch b LEFT JOIN payment p ON p.batch = b.id GROUP BY b.id, b.lines, b.sum_fen
		HAVING count(p.id) <> b.lines OR coalesce(sum(p.amount_fen), 0) <> b.sum_fen
		UNION ALL
		SELECT '款 ' || p.id, '没有它的批次 ' || p.batch FROM payment p LEFT JOIN payment_batch b ON b.id = p.batch WHERE b.id IS NULL`},
	{ID: "M8.entry", Promise: "每笔款的金额、预算、账户就是它的条目的，批次就是它的清单的", query: `
		SELECT '款 ' || p.id, CASE WHEN e.list IS NULL THEN '没有它的条目' WHEN e.amount_fen <> p.amount_fen THEN '金额与条目的不同'
			WHEN e.line <> p.line THEN '预算与条目的不同' WHEN b.list <> p.list THEN '批次是别的清单的' ELSE '账户与条目的不同' END
		FROM payment p LEFT JOIN list_entry e ON e.list = p.list AND e.n = p.n LEFT JOIN payment_batch b ON b.id = p.batch
		WHERE p.state <> 'cancelled' AND (e.list IS NULL OR e.amount_fen <> p.amount_fen OR e.line <> p.line OR b.list <> p.list
			OR e.account IS NULL OR e.account <> p.account)`},
	{ID: "M8.missing", Promise: "出了支付批次的清单，留在清单上的每个条目都有一笔款", query: `
		SELECT ENTRY[e], '批次 ' || b.id || ' 里没有它' FROM payment_batch b JOIN disbursement_list l ON l.id = b.list AND l.round = b.round
		JOIN list_entry e ON e.list = b.list WHERE e.status = 'in' AND l.state IN ('exported', 'sent', 'settled')
			AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.batch = b.id AND p.list = e.list AND p.n = e.n)
		UNION ALL
		SELECT '清单 ' || l.id, '状态 ' || l.state || '，却没有这一轮的支付批次' FROM disbursement_list l WHERE l.state IN ('exported', 'sent', 'settled')
			AND NOT EXISTS (SELECT 1 FROM payment_batch b WHERE b.list = l.id AND b.round = l.round)`},
	{ID: "M8.reserved", Promise: "每笔款在它那一轮冻结过同样的钱", query: `
		SELECT '款 ' || p.id, '第 ' || TEXT[b.round] || ' 轮没有冻结同样的金额' FROM payment p JOIN payment_batch b ON b.id = p.batch
		WHERE NOT EXISTS (SELECT 1 FROM posting o WHERE o.list = p.list AND o.n = p.n AND o.round = b.round AND o.kind = 'reserve'
			AND o.fen = p.amount_fen AND o.line = p.line)`},
	{ID: "M8.approved", Promise: "支付批次出自批准过的清单，内容散列值就是批准的那个", query: `
		SELECT '批次 ' || b.id, '那一轮最后一次批准的是另一份内容，或没有批准' FROM payment_batch b
		WHERE b.list_hash <> coalesce((SELECT v.hash FROM list_event v WHERE v.list = b.list AND v.action = 'approve'
			AND b.round = (SELECT count(*) FROM list_event n WHERE n.list = v.list AND n.action = 'notice' AND n.seq < v.seq)
			ORDER BY v.seq DESC LIMIT 1), '-')`},
	{ID: "A5.owner", Promise: "收款账户是条目那家企业的", query: `
		SELECT ENTRY[e], CASE WHEN a.id IS NULL THEN '没有这个账户' ELSE '账户是另一家企业的' END FROM list_entry e
		LEFT JOIN payee_account a ON a.id = e.account WHERE e.account IS NOT NULL AND (a.id IS NULL OR a.enterprise <> e.enterprise)`},
	{ID: "A5.verified", Promise: "收款账户由登记人以外的人核实，过了冷静期才付款，那时没有停用", query: `
		SELECT '款 ' || p.id, CASE WHEN a.verified_at IS NULL THEN '账户没有核实' WHEN a.verified_by = a.recorded_by THEN '账户由登记人自己核实'
			WHEN a.usable_from > b.made_at THEN '账户还在冷静期' WHEN a.usable_from < a.verified_at THEN '账户在核实前就可用' ELSE '账户那时已停用' END
		FROM payment p JOIN payment_batch b ON b.id = p.batch JOIN payee_account a ON a.id = p.account
		WHERE a.verified_at IS NULL OR a.verified_by IS NULL OR a.verified_by = a.recorded_by OR a.usable_from IS NULL OR a.usable_from > b.made_at
			OR a.usable_from < a.verified_at OR a.retired_at < b.made_at
			OR a.retired_at IS NOT NULL AND p.state NOT IN ('ready', 'cancelled') AND EXISTS (SELECT 1 FROM list_event v WHERE v.list = b.list AND v.action = 'send' AND a.retired_at < v.at)`},
	{ID: "A5.one", Promise: "一家企业同时只有一个核实过的收款账户", query: `
		SELECT '企业 ' || enterprise, '有 ' || TEXT[count(*)] || ' 个核实过、没停用的账户' FROM payee_account
		WHERE verified_at IS NOT NULL AND retired_at IS NULL GROUP BY enterprise HAVING count(*) > 1`},
	{ID: "A7.objection", Promise: "有异议没答复的条目不付款，异议成立的不付款", query: `
		SELECT '异议 ' || o.id, CASE WHEN o.outcome IS NULL THEN '没有答复，款 ' ELSE '成立，款 ' END || p.id || ' 却是 ' || p.state FROM objection o
		JOIN payment p ON p.list = o.list AND p.n = o.n WHERE p.state IN ('ready', 'sent', 'unknown', 'paid') AND (o.outcome IS NULL OR o.outcome = 'upheld')`},
	{ID: "A7.holds", Promise: "有异议没答复的条目暂停着；答复异议的不是登记异议的人", query: `
		SELECT '异议 ' || o.id, CASE WHEN o.outcome IS NULL THEN '没有答复，条目却是 ' || e.status ELSE '由登记的人自己答复' END FROM objection o
		JOIN list_entry e ON e.list = o.list AND e.n = o.n JOIN disbursement_list l ON l.id = o.list
		WHERE (o.outcome IS NULL AND e.status NOT IN ('held', 'removed') AND l.state <> 'withdrawn') OR o.answered_by = o.recorded_by`},
}

// receipts are the checks of what the bank answered (A8, M7).
var receipts = []Check{
	{ID: "A8.amount", Promise: "采用的回单，金额和账户与它的款相同", query: `
		SELECT '回单 ' || r.id, CASE WHEN p.id IS NULL THEN '没有款 ' || r.payment WHEN p.amount_fen <> r.amount_fen THEN '金额与款 ' || p.id || ' 的不同'
			ELSE '账户与款 ' || p.id || ' 的不同' END
		FROM receipt_line r LEFT JOIN payment p ON p.id = r.payment LEFT JOIN payee_account a ON a.id = p.account
		WHERE r.class = 'applied' AND (p.id IS NULL OR p.amount_fen <> r.amount_fen OR a.print <> r.print)`},
	{ID: "A8.result", Promise: "采用的回单说的，就是款的结果", query: `
		SELECT '回单 ' || r.id, '说 ' || r.result || '，款 ' || p.id || ' 却是 ' || p.state FROM receipt_line r JOIN payment p ON p.id = r.payment
		WHERE r.class = 'applied' AND NOT CASE r.result WHEN 'success' THEN p.state IN ('paid', 'returned') WHEN 'failed' THEN p.state = 'failed'
			WHEN 'returned' THEN p.state = 'returned' ELSE 1 = 1 END`},
	{ID: "A8.answered", Promise: "款的结果有依据：采用的回单，由人认定属实的一张，或说过这个结果、后来有矛盾、还在待查的一张", query: `
		SELECT '款 ' || p.id, '状态 ' || p.state || '，却没有回单' FROM payment p WHERE p.state IN ('paid', 'failed', 'returned')
			AND NOT EXISTS (SELECT 1 FROM receipt_line r WHERE r.payment = p.id AND (r.class = 'applied' OR r.resolution LIKE '属实：%'
				OR r.class = 'contradicted' AND r.resolution IS NULL AND r.result = CASE p.state WHEN 'paid' THEN 'success' ELSE p.state END))`},
	{ID: "A8.resolved", Promise: "待查的回单由收回单以外的人处理", query: `
		SELECT '回单 ' || r.id, '由收下它的人或被他代办的人处理' FROM receipt_line r JOIN receipt_file f ON f.sha256 = r.file
		WHERE r.resolved_by IN (f.received_by, f.received_for) OR r.resolved_for IN (f.received_by, f.received_for)
			OR r.resolved_for = r.resolved_by OR f.received_for = f.received_by`},
	{ID: "A8.settled", Promise: "结清的清单没有在途的款", query: `
		SELECT '款 ' || p.id, '清单已结清，款还是 ' || p.state FROM payment p JOIN disbursement_list l ON l.id = p.list
		WHERE l.state = 'settled' AND p.state IN ('ready', 'sent', 'unknown')`},
	{ID: "A8.sent", Promise: "清单没有送出，款就没有送出", query: `
		SELECT '款 ' || p.id, '状态 ' || p.state || '，清单还是 ' || l.state FROM payment p JOIN disbursement_list l ON l.id = p.list
		WHERE p.state IN ('sent', 'unknown', 'paid', 'failed', 'returned') AND l.state NOT IN ('sent', 'settled')`},
}

// seats are the checks of exclusions and caps (M9).
var seats = []Check{
	{ID: "M9.seat", Promise: "一个席位只有一个持有者：互斥组里一家企业只有一个事项，一份依据只用于一个事项，只享受一次的只有一次", query: `
		SELECT '席位 ' || x.kind || ' ' || x.key, '持有者有 ' || TEXT[count(DISTINCT x.holder)] || ' 个，或与登记的不同' FROM entry_seat x
		LEFT JOIN seat s ON s.kind = x.kind AND s.key = x.key GROUP BY x.kind, x.key, s.holder
		HAVING count(DISTINCT x.holder) > 1 OR s.holder IS NULL OR min(x.holder) <> s.holder`},
	{ID: "M9.basis", Promise: "一家企业的同一份依据不用于两个事项", query: `
		SELECT '企业 ' || t.enterprise || ' 依据 ' || t.basis_kind || ' ' || t.basis, '用于事项 ' || min(t.item) || ' 和 ' || max(t.item)
		FROM entitlement t JOIN list_entry e ON e.entitlement = t.id AND e.part = t.part WHERE e.status IN ('in', 'held') AND t.basis_kind <> ''
		GROUP BY t.enterprise, t.basis_kind, t.basis HAVING min(t.item) <> max(t.item)`},
	{ID: "M9.free", Promise: "退出的条目不占席位和限额，没有人占的席位不留", query: `
		SELECT ENTRY[e], '状态 ' || e.status || '，还占着席位' FROM list_entry e JOIN entry_seat x ON x.list = e.list AND x.n = e.n WHERE e.status NOT IN ('in', 'held')
		UNION ALL
		SELECT ENTRY[e], '状态 ' || e.status || '，还占着限额' FROM list_entry e JOIN entry_cap x ON x.list = e.list AND x.n = e.n WHERE e.status NOT IN ('in', 'held')
		UNION ALL
		SELECT '席位 ' || s.kind || ' ' || s.key, '没有条目占它' FROM seat s WHERE NOT EXISTS (SELECT 1 FROM entry_seat x WHERE x.kind = s.kind AND x.key = s.key)`},
	{ID: "M2.cap", Promise: "每个限额用掉的不超过上限", query: `
		SELECT '限额 ' || key, '用了 ' || TEXT[used_fen] || ' 分、' || TEXT[used_times] || ' 次，超过上限' FROM cap_use
		WHERE used_fen > most_fen OR used_times > most_times OR used_fen < 0 OR used_times < 0`},
	{ID: "M2.used", Promise: "每个限额用掉的就是各条目占用的合计", query: `
		SELECT '限额 ' || c.key, '按条目应为 ' || TEXT[coalesce(s.fen, 0)] || ' 分、' || TEXT[coalesce(s.times, 0)] || ' 次，记的是 ' || TEXT[c.used_fen] || ' 分、' || TEXT[c.used_times] || ' 次'
		FROM cap_use c LEFT JOIN (SELECT key, sum(fen - back_fen) AS fen, sum(times - back_times) AS times FROM entry_cap GROUP BY key) s ON s.key = c.key
		WHERE c.used_fen <> coalesce(s.fen, 0) OR c.used_times <> coalesce(s.times, 0)`},
	{ID: "M2.back", Promise: "条目占用限额不超过它的金额，追回到账多少就让出多少，全部到账才让出次数和互斥席位", query: `
		SELECT ENTRY[x], CASE WHEN x.fen > e.amount_fen THEN '占用限额 ' || x.key || ' 比它的金额多' ELSE '追回到账 ' || TEXT[coalesce(b.fen, 0)] || ' 分，限额 ' || x.key || ' 让出 ' || TEXT[x.back_fen] || ' 分、' || TEXT[x.back_times] || ' 次' END
		FROM entry_cap x JOIN list_entry e ON e.list = x.list AND e.n = x.n
		LEFT JOIN (SELECT p.list, p.n, sum(q.fen) AS fen FROM recovery_receipt q JOIN recovery r ON r.id = q.recovery JOIN payment p ON p.id = r.payment
			WHERE p.state = 'paid' GROUP BY p.list, p.n) b ON b.list = x.list AND b.n = x.n
		WHERE x.fen > e.amount_fen OR x.back_fen <> CASE WHEN coalesce(b.fen, 0) < x.fen THEN coalesce(b.fen, 0) ELSE x.fen END
			OR x.back_times <> CASE WHEN coalesce(b.fen, 0) >= e.amount_fen THEN x.times ELSE 0 END
		UNION ALL
		SELECT ENTRY[e], '已全部追回，还占着互斥席位' FROM list_entry e JOIN entry_seat x ON x.list = e.list AND x.n = e.n AND x.kind = 'exclusive'
		WHERE e.amount_fen <= (SELECT sum(q.fen) FROM recovery_receipt q JOIN recovery r ON r.id = q.recovery JOIN payment p ON p.id = r.payment
			WHERE p.state = 'paid' AND p.list = e.list AND p.n = e.n)`},
}
