package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/labstack/echo/v4"

	"mianshen/internal/web/desk"
)

// Problem is an error as the API answers it: application/problem+json by RFC 9457, for people in Chinese.
type Problem struct {
	Type   string   `json:"type" doc:"about:blank：没有比状态码更细的分类" example:"about:blank"`
	Title  string   `json:"title" doc:"状态码的意思"`
	Status int      `json:"status"`
	Detail string   `json:"detail,omitempty" doc:"这一次出了什么问题"`
	Errors []Detail `json:"errors,omitempty" doc:"逐个参数的问题"`
}

// Detail is what is wrong with one input.
type Detail struct {
	Location string `json:"location" doc:"哪个参数"`
	Message  string `json:"message"`
}

// Error is the problem's detail.
func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail) }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json for every JSON answer.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

var titles = map[int]string{
	http.StatusBadRequest:            "请求有误",
	http.StatusUnauthorized:          "需要登录",
	http.StatusForbidden:             "不允许",
	http.StatusNotFound:              "没有找到",
	http.StatusMethodNotAllowed:      "不支持这种请求方法",
	http.StatusNotAcceptable:         "没有所要求的格式",
	http.StatusRequestTimeout:        "请求超时",
	http.StatusRequestEntityTooLarge: "请求太大",
	http.StatusUnprocessableEntity:   "参数不对",
	http.StatusTooManyRequests:       "请求太频繁",
	http.StatusInternalServerError:   "内部错误",
	http.StatusServiceUnavailable:    "暂时不可用",
}

// details are said where nothing more exact is known.
var details = map[int]string{
	http.StatusNotFound:              "没有这个地址。",
	http.StatusMethodNotAllowed:      "这个地址只能读取（GET）。",
	http.StatusRequestEntityTooLarge: "请求内容超过了上限。",
	http.StatusInternalServerError:   "服务器出了错，已经记下。请稍后再试。",
}

func problem(status int, detail string) *Problem {
	title := titles[status]
	if title == "" {
		title = "出错了"
	}
	if detail == "" {
		detail = details[status]
	}
	return &Problem{Type: "about:blank", Title: title, Status: status, Detail: detail}
}

// speakChinese makes huma's own errors problems of ours. Its messages are variables of its package, so it is done once.
var speakChinese = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false // our lists are empty, never null
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		p := problem(status, "")
		if status == http.StatusUnprocessableEntity || status == http.StatusBadRequest {
			p.Detail = "请求的参数不合要求。"
		}
		if p.Detail == "" {
			p.Detail = msg
		}
		for _, err := range errs {
			var d huma.ErrorDetailer
			if errors.As(err, &d) {
				p.Errors = append(p.Errors, Detail{Location: d.ErrorDetail().Location, Message: translated(d.ErrorDetail().Message)})
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
	case strings.HasPrefix(message, "invalid "):
		return "格式不对"
	}
	return message
}

// explain turns an error of the desk into a problem; what is missing is named by what. Errors that a caller can do nothing
// about are logged and answered without their text, which might tell of the inside.
func (s *Server) explain(ctx context.Context, err error, what string) error {
	var p *Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return p
	case errors.Is(err, desk.ErrNotFound):
		return problem(http.StatusNotFound, "没有找到"+what+"。")
	case errors.Is(err, desk.ErrNotReady):
		return problem(http.StatusServiceUnavailable, "还没有发布政策或完成比对，请稍后再试。")
	case errors.Is(err, context.DeadlineExceeded):
		return problem(http.StatusServiceUnavailable, "这次用时太长，已停止。请把要找的写短一些，或者稍后再试。")
	case errors.Is(err, context.Canceled):
		return problem(http.StatusRequestTimeout, "请求在答复之前取消了。")
	}
	s.log.ErrorContext(ctx, "request failed", "error", err)
	return problem(http.StatusInternalServerError, "")
}

// fail answers an error: a problem for programs, a page for people.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	// The answer is still sent when the time for the request is over.
	c.SetRequest(c.Request().WithContext(context.WithoutCancel(c.Request().Context())))
	var p *Problem
	var h *echo.HTTPError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &h):
		p = problem(h.Code, "")
	default:
		s.log.ErrorContext(c.Request().Context(), "request failed", "route", c.Path(), "error", err)
		p = problem(http.StatusInternalServerError, "")
	}
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		c.Response().Header().Set("Retry-After", "2")
	}
	if forProgram(c.Request()) {
		err = writeProblem(c.Response(), p)
	} else {
		err = s.problemPage(c, p)
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

func writeProblem(w http.ResponseWriter, p *Problem) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, err = w.Write(append(body, '\n'))
	return err
}
