// Package duty says once what each role is called, for every room that speaks of roles.
package duty

// names are what persons say.
var names = map[string]string{
	"E1": "企业经办", "E2": "企业管理员", "D1": "部门经办", "D2": "部门审核", "F1": "财政经办", "F2": "财政复核", "F3": "财政审批", "AU": "审计",
	"SA": "系统管理员", "SE": "安全管理员", "LA": "审计管理员", "OD": "数据开放", "SV": "服务账号",
}

// Name is a role as persons say it, such as 财政复核; a role that nobody knows comes back as it is.
func Name(role string) string {
	if name := names[role]; name != "" {
		return name
	}
	return role
}

// Full is the name with the role's letters, such as 财政复核（F2）.
func Full(role string) string { return Name(role) + "（" + role + "）" }
