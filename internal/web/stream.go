package web

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"mianshen/internal/web/bureau"
	"mianshen/internal/web/once"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/receive"
)

func keyParameter() *huma.Param {
	return &huma.Param{
		Name: once.Header, In: "header", Description: "这个请求的唯一标识；没有收到答复时用同一个重发，不会再做一次",
		Schema: &huma.Schema{Type: huma.TypeString, MaxLength: new(once.MaxKey)},
	}
}

// streams adds the operations whose bodies are files. They are read as they come, which typed operations can't.
func (s *Server) streams(e *echo.Echo, api huma.API) {
	file := map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
			"file": {Type: huma.TypeString, Format: "binary"},
		}}},
	}
	detail := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[bureau.DeliveryDetail](), true, "DeliveryDetail")
	s.stream(e, api, &huma.Operation{
		OperationID: "receive-delivery", Method: http.MethodPost, Path: "/api/v1/deliveries", Summary: "送来一批数据",
		Description: "请求内容是文件本身，或者表单里的第一个文件，最大 2 GiB；也可以用 upload 指明已经传完的分段上传。" +
			"整批读通才收下；读不通的退回 422，逐格说明错在哪里。编号由内容算出：同样的数据再送一次，答复的是原来那一批（200）。",
		RequestBody: &huma.RequestBody{Content: file},
		Responses: map[string]*huma.Response{
			"201": {Description: "收下了", Content: map[string]*huma.MediaType{"application/json": {Schema: detail}}},
			"200": {Description: "同样的数据以前收过", Content: map[string]*huma.MediaType{"application/json": {Schema: detail}}},
		},
	}, deliveryParameters(), func(w http.ResponseWriter, r *http.Request) error {
		return s.explain(r.Context(), s.dock.Deliver(w, r, s.act(r.Context())), "这次上传")
	})
	offset := &huma.Param{Name: "Upload-Offset", In: "header", Required: true, Description: "这一段从第几个字节开始", Schema: &huma.Schema{Type: huma.TypeInteger}}
	id := &huma.Param{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}
	s.stream(e, api, &huma.Operation{
		OperationID: "append-upload", Method: http.MethodPatch, Path: "/api/v1/uploads/{id}", Summary: "接着传一段",
		Description: "请求内容是一段，最大 8 MiB。同一段重发不会重复。接不上的退回 409，Upload-Offset 说明从哪里接着传。",
		RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{"application/octet-stream": file["application/octet-stream"]}, Required: true},
		Responses:   map[string]*huma.Response{"204": {Description: "收到了，Upload-Offset 是下一段开始的地方"}},
	}, []*huma.Param{id, offset}, func(w http.ResponseWriter, r *http.Request) error {
		return s.explain(r.Context(), s.dock.Piece(w, r, s.act(r.Context())), "这次上传")
	})
}

func (s *Server) stream(e *echo.Echo, api huma.API, op *huma.Operation, parameters []*huma.Param, do func(http.ResponseWriter, *http.Request) error) {
	op.Parameters = parameters
	op.Description += whoMay(op.Method, op.Path)
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")
	for _, status := range append(slices.Clone(refusals), http.StatusConflict, http.StatusRequestEntityTooLarge) {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
		}
	}
	api.OpenAPI().AddOperation(op)
	e.Add(op.Method, echoPath(op.Path), plain(do))
}

func deliveryParameters() []*huma.Param {
	out := []*huma.Param{keyParameter()}
	for _, p := range receive.Parameters {
		schema := &huma.Schema{Type: huma.TypeString}
		if p.Flag {
			schema.Type = huma.TypeBoolean
		}
		out = append(out, &huma.Param{Name: p.Name, In: "query", Description: p.Doc, Required: p.Required, Schema: schema})
	}
	return out
}
