package fsck

// powers are the checks that nobody grants himself power (A4).
var powers = []Check{
	{ID: "A4.grant", Promise: "角色由一人提出、另一人确认，都不是得到它的人", query: `
		SELECT '授权 ' || g.id, CASE WHEN g.proposed_by IS NULL THEN '没有提出人' WHEN g.proposed_by = g.person THEN '提出人就是得到角色的人'
			WHEN g.confirmed_by = g.person THEN '确认人就是得到角色的人' WHEN g.confirmed_by = g.proposed_by THEN '提出和确认是同一个人' ELSE '确认人和确认时间只有一个' END
		FROM role_grant g WHERE g.origin = 'granted' AND (g.proposed_by IS NULL OR g.proposed_by = g.person OR g.confirmed_by = g.person
			OR g.confirmed_by = g.proposed_by OR (g.confirmed_by IS NULL) <> (g.confirmed_at IS NULL))`},
	{ID: "A4.origin", Promise: "只有首次启动的系统、安全管理员各一名和演示库的角色不经两人", query: `
		SELECT '授权 ' || g.id, CASE g.origin WHEN 'demo' THEN '不是演示库，却有演示角色' ELSE '首次启动给了 ' || g.role || '，或给了不止一次' END
		FROM role_grant g WHERE (g.origin = 'demo' AND NOT EXISTS (SELECT 1 FROM instance WHERE demo = 1))
			OR (g.origin = 'first_start' AND (g.role NOT IN ('SA', 'SE')
				OR EXISTS (SELECT 1 FROM role_grant h WHERE h.origin = 'first_start' AND h.role = g.role AND h.id < g.id)))
			OR g.origin NOT IN ('granted', 'first_start', 'demo')`},
	{ID: "A4.excludes", Promise: "系统、安全、审计管理员互不兼任，也没有业务角色", query: `
		SELECT '人员 ' || g.person, '同时有 ' || g.role || '（授权 ' || g.id || '）和 ' || h.role || '（授权 ' || h.id || '）' FROM role_grant g
		JOIN role_grant h ON h.person = g.person AND h.role <> g.role AND (h.role NOT IN ('SA', 'SE', 'LA') OR h.id > g.id)
		WHERE g.role IN ('SA', 'SE', 'LA') AND g.confirmed_at IS NOT NULL AND h.confirmed_at IS NOT NULL
			AND (g.revoked_at IS NULL OR g.revoked_at > h.confirmed_at) AND (h.revoked_at IS NULL OR h.revoked_at > g.confirmed_at)`},
	{ID: "A4.demo", Promise: "演示账号只在演示库里", query: `
		SELECT '账号 ' || a.id, '不是演示库，却有演示账号' FROM account a WHERE a.kind = 'demo' AND NOT EXISTS (SELECT 1 FROM instance WHERE demo = 1)`},
}
