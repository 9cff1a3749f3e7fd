package web

import (
	"github.com/danielgtaylor/huma/v2"

	"mianshen/internal/web/letterbox"
)

// letters adds what firms are told, and what they want to hear.
func (s *Server) letters(api huma.API) {
	const inbox, subscriptions = "/api/v1/enterprises/{uscc}/inbox", "/api/v1/enterprises/{uscc}/subscriptions"
	b := &letterbox.Box{Post: s.post}
	reads(s, api, "list-messages", inbox, "一家企业的消息，新的在前。列出不算看过", "这家企业", b.List)
	orders(s, api, "mark-messages", inbox, "记下哪些消息看了、办了", "这家企业", b.Mark)
	reads(s, api, "get-subscriptions", subscriptions, "一家企业收哪些消息、什么时候收、在哪里收", "这家企业", b.Subscriptions)
	orders(s, api, "set-subscriptions", subscriptions, "改收哪些消息、什么时候收。联系方式要在页面上改，因为要验证", "这家企业", b.Subscribe)
}
