// Package problem says what went wrong, to programs as application/problem+json by RFC 9457, to people in Chinese. What callers
// can do nothing about is logged, and answered without its text, which might tell of the inside.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"mianshen/internal/store"
	"mianshen/internal/web/desk"
)

// Problem is an error as the API answers it.
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
	http.StatusConflict:              "与现在的状态冲突",
	http.StatusRequestEntityTooLarge: "请求太大",
	http.StatusUnsupportedMediaType:  "不支持这种内容",
	http.StatusUnprocessableEntity:   "参数不对",
	http.StatusTooManyRequests:       "请求太频繁",
	http.StatusInternalServerError:   "内部错误",
	http.StatusServiceUnavailable:    "暂时不可用",
}

// details are said where nothing more exact is known.
var details = map[int]string{
	http.StatusNotFound:              "没有这个地址。",
	http.StatusMethodNotAllowed:      "这个地址不支持这种请求方法。",
	http.StatusRequestEntityTooLarge: "请求内容超过了上限。",
	http.StatusUnsupportedMediaType:  "请求内容的类型不对：除了上传的文件，都应为 application/json。",
	http.StatusInternalServerError:   "服务器出了错，已经记下。请稍后再试。",
}

// New makes a problem; without a detail it says what is usual for the status.
func New(status int, detail string) *Problem {
	title := titles[status]
	if title == "" {
		title = "出错了"
	}
	if detail == "" {
		detail = details[status]
	}
	return &Problem{Type: "about:blank", Title: title, Status: status, Detail: detail}
}

// Closed answers a caller who would have to sign in.
func Closed() *Problem {
	return New(http.StatusUnauthorized, "企业和数据要登录后才能看，改动要登录后才能做。")
}

// Wrong is a problem with one input.
func Wrong(location, message string) *Problem {
	p := New(http.StatusUnprocessableEntity, "请求的参数不合要求。")
	p.Errors = []Detail{{Location: location, Message: message}}
	return p
}

// NoAddress reports whether the problem is that there is nothing at the address.
func (p *Problem) NoAddress() bool {
	return p.Status == http.StatusNotFound && p.Detail == details[http.StatusNotFound]
}

// Of turns an error of the rooms below into a problem; nil stays nil. What is missing is named by what.
func Of(ctx context.Context, log *slog.Logger, err error, what string) error {
	var p *Problem
	var refused *desk.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return p
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.Is(err, desk.ErrNotFound), errors.Is(err, store.ErrNotFound):
		return New(http.StatusNotFound, "没有找到"+what+"。")
	case errors.Is(err, desk.ErrNotReady):
		return New(http.StatusServiceUnavailable, "还没有发布政策或完成比对，请稍后再试。")
	case store.Full(err):
		log.ErrorContext(ctx, "the disk is full: nothing can be written", "error", err)
		return New(http.StatusServiceUnavailable, "没有办成，什么都没有改：服务器的磁盘满了，现在只能看，不能改。请告诉系统管理员，腾出空间后再试。")
	case errors.Is(err, context.DeadlineExceeded):
		return New(http.StatusServiceUnavailable, "这次用时太长，已停止。请把要找的写短一些，或者稍后再试。")
	case errors.Is(err, context.Canceled):
		return New(http.StatusRequestTimeout, "请求在答复之前取消了。")
	}
	log.ErrorContext(ctx, "request failed", "error", err)
	return New(http.StatusInternalServerError, "")
}

// refusal is a problem with what a caller asked for.
func refusal(r *desk.Refusal) *Problem {
	switch {
	case r.Conflict:
		return New(http.StatusConflict, r.Message)
	case r.Busy:
		return New(http.StatusServiceUnavailable, r.Message)
	case r.Location == "":
		return New(http.StatusUnprocessableEntity, r.Message)
	}
	return Wrong(r.Location, r.Message)
}

// Write sends the problem to a program.
func (p *Problem) Write(w http.ResponseWriter) error {
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
