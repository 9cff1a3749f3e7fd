package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/labstack/echo/v4"

	"mianshen/internal/web/problem"
)

// speakChinese makes huma's own errors problems of ours. Its messages are variables of its package, so it is done once.
var speakChinese = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false // our lists are empty, never null
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		p := problem.New(status, "")
		if status == http.StatusUnprocessableEntity || status == http.StatusBadRequest {
			p.Detail = "请求的参数不合要求。"
		}
		if p.Detail == "" {
			p.Detail = msg
		}
		for _, err := range errs {
			var d huma.ErrorDetailer
			if errors.As(err, &d) {
				p.Errors = append(p.Errors, problem.Detail{Location: d.ErrorDetail().Location, Message: translated(d.ErrorDetail().Message)})
			}
		}
		return p
	}
	validation.MsgExpectedBoolean = "应为 true 或 false"
	validation.MsgExpectedInteger = "应为整数"
	validation.MsgExpectedNumber = "应为数"
	validation.MsgExpectedString = "应为文字"
	validation.MsgExpectedOneOf = "应为 %s 之一"
	validation.MsgExpectedMinimumNumber = "不能小于 %v"
	validation.MsgExpectedMaximumNumber = "不能大于 %v"
	validation.MsgExpectedMinLength = "至少 %d 个字"
	validation.MsgExpectedMaxLength = "最多 %d 个字"
	validation.MsgExpectedMaxItems = "最多 %d 个值"
	validation.MsgExpectedMatchPattern = "格式不对，应符合 %s"
	validation.MsgExpectedBePattern = "应为 %s"
	validation.MsgExpectedRequiredProperty = "缺少 %s"
	validation.MsgUnexpectedProperty = "没有这个参数"
})

// translated puts the two messages of huma that are no variables into Chinese.
func translated(message string) string {
	switch {
	case message == "unknown query parameter":
		return "没有这个参数"
	case strings.HasPrefix(message, "unknown content type: "):
		return "不支持的类型：" + strings.TrimPrefix(message, "unknown content type: ")
	case strings.HasPrefix(message, "应为 ") && strings.HasSuffix(message, " 之一"):
		return strings.ReplaceAll(message, ", ", "、")
	case strings.HasPrefix(message, "invalid "):
		return "格式不对"
	}
	return message
}

// explain turns an error of the rooms below into a problem; what is missing is named by what.
func (s *Server) explain(ctx context.Context, err error, what string) error {
	return problem.Of(ctx, s.log, err, what)
}

// fail answers an error: a problem for programs, a page for people.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	// The answer is still sent when the time for the request is over.
	c.SetRequest(c.Request().WithContext(context.WithoutCancel(c.Request().Context())))
	var p *problem.Problem
	var h *echo.HTTPError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &h):
		p = problem.New(h.Code, "")
	default:
		s.log.ErrorContext(c.Request().Context(), "request failed", "route", c.Path(), "error", err)
		p = problem.New(http.StatusInternalServerError, "")
	}
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		c.Response().Header().Set("Retry-After", "2")
	}
	if forProgram(c.Request()) {
		err = p.Write(c.Response())
	} else {
		err = s.pages.Problem(c.Response(), c.Request(), p)
	}
	if err != nil {
		s.log.WarnContext(c.Request().Context(), "answer not sent", "error", err)
	}
}

// forProgram tells whether the caller wants problems rather than pages.
func forProgram(r *http.Request) bool {
	for _, prefix := range []string{"/api/", "/openapi", "/healthz", "/readyz", "/metrics", "/assets/"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return true
		}
	}
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}
