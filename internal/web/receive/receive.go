// Package receive takes files in over HTTP, however large: a whole one in the body of a request, or one piece by piece, gone on
// with where it was cut off. Files go to disk as they come and are never held in memory; nothing counts before a whole delivery
// was read.
package receive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"mianshen/internal/intake"
	"mianshen/internal/store"
	"mianshen/internal/web/bureau"
	"mianshen/internal/web/problem"
)

// Caps on what is taken in.
const (
	MaxFile  = 2 << 30 // bytes of a file
	MaxPiece = 8 << 20 // bytes of a piece of an upload
	atOnce   = 2       // files that are read at once
	nameLong = 200     // bytes of a file's name
)

// Dock takes files in. It may be used by many goroutines.
type Dock struct {
	store  *store.Store
	bureau *bureau.Bureau
	dir    string
	places chan struct{}
}

// New returns a dock that keeps files in dir while it reads them; "" is the system's folder for such files.
func New(st *store.Store, b *bureau.Bureau, dir string) *Dock {
	return &Dock{store: st, bureau: b, dir: dir, places: make(chan struct{}, atOnce)}
}

// Deliver answers a request whose body is a file, alone or as the first part of a form, or whose address names an upload that is
// complete. What is said of the data stands in the address (see Parameters). The answer is the delivery: 201 where it is new, 200
// where the same data had come before. Data that can't be read is a problem that lists what is wrong, cell by cell.
func (d *Dock) Deliver(w http.ResponseWriter, r *http.Request, act bureau.Act) (err error) {
	q := r.URL.Query()
	as, err := said(q)
	if err != nil {
		return err
	}
	select {
	case d.places <- struct{}{}:
		defer func() { <-d.places }()
	default:
		return problem.New(http.StatusServiceUnavailable, "正在读别的数据，请过一会儿再送。")
	}
	file, err := os.CreateTemp(d.dir, "mianshen-delivery-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	name, err := d.fetch(r, q, file, act.By)
	if err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	detail, isNew, err := d.bureau.Receive(r.Context(), intake.Input{Name: name, Data: file, Size: size}, as, act)
	var wrong *intake.Problems
	switch {
	case errors.As(err, &wrong):
		return unreadable(wrong)
	case err != nil:
		return err
	}
	if id := q.Get("upload"); id != "" { // it is in the delivery now
		if err := d.store.DropUpload(r.Context(), id); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if isNew {
		status = http.StatusCreated
	}
	w.Header().Set("Location", "/api/v1/deliveries/"+detail.ID)
	return reply(w, status, detail)
}

// Parameter is what the address of a delivery may say.
type Parameter struct {
	Name, Doc string
	Required  bool
	Flag      bool // true or false
}

// Parameters are all of them.
var Parameters = []Parameter{
	{Name: "source", Doc: "部门，与指标字典里的一致", Required: true},
	{Name: "period", Doc: "所属期：current:2025-06-25、2024、2024-Q1 或 2024-03", Required: true},
	{Name: "purpose", Doc: "数据可以用来做什么", Required: true},
	{Name: "legal_basis", Doc: "依据哪条规定共享", Required: true},
	{Name: "complete", Doc: "是否完整：没有列出的企业按指标字典的缺省值算", Flag: true},
	{Name: "ignore_unknown", Doc: "不认识的列略去并提醒，而不是退回整批", Flag: true},
	{Name: "table", Doc: "文件是哪张表的记录；一般不用写，能认出来"},
	{Name: "file", Doc: "文件名，扩展名说明格式（.csv、.xlsx、.jsonl、.parquet）；表单上传的以表单里的为准"},
	{Name: "upload", Doc: "分段上传的编号；给出时不再读请求内容"},
}

// said reads what the address says of the data.
func said(q url.Values) (as bureau.Intake, err error) {
	flags := map[string]bool{}
	for name, values := range q {
		i := slices.IndexFunc(Parameters, func(p Parameter) bool { return p.Name == name })
		switch {
		case i < 0:
			return as, problem.Wrong("query."+name, "没有这个参数")
		case len(values) != 1:
			return as, problem.Wrong("query."+name, "只能写一次")
		case Parameters[i].Flag && values[0] != "true" && values[0] != "false":
			return as, problem.Wrong("query."+name, "应为 true 或 false")
		}
		flags[name] = values[0] == "true"
	}
	for _, p := range Parameters {
		if p.Required && strings.TrimSpace(q.Get(p.Name)) == "" {
			return as, problem.Wrong("query."+p.Name, "缺少 "+p.Name)
		}
	}
	return bureau.Intake{
		Source: q.Get("source"), Period: q.Get("period"), Purpose: q.Get("purpose"), LegalBasis: q.Get("legal_basis"),
		Table: q.Get("table"), Complete: flags["complete"], IgnoreUnknown: flags["ignore_unknown"],
	}, nil
}

// fetch writes the file of a request to disk and returns its name.
func (d *Dock) fetch(r *http.Request, q url.Values, into io.Writer, by string) (string, error) {
	if id := q.Get("upload"); id != "" {
		u, meta, err := d.mine(r.Context(), id, by)
		if err != nil {
			return "", err
		}
		if u.Total > 0 && u.Bytes != u.Total {
			return "", problem.New(http.StatusConflict, fmt.Sprintf("还没有传完：收到 %d 字节，共 %d 字节。", u.Bytes, u.Total))
		}
		return meta.File, d.store.ReadUpload(r.Context(), id, into)
	}
	body, name := io.Reader(r.Body), q.Get("file")
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		part, err := firstFile(r)
		if err != nil {
			return "", err
		}
		body, name = part, part.FileName()
	}
	n, err := io.Copy(into, body)
	if err != nil {
		return "", cutOff(err)
	}
	if n == 0 {
		return "", problem.New(http.StatusUnprocessableEntity, "没有数据：请求内容是空的。")
	}
	return fileName(name), nil
}

// firstFile finds the first file of a form; what stands before it is passed over.
func firstFile(r *http.Request) (*multipart.Part, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "表单读不通。")
	}
	const most = 20 // parts before the file
	for range most {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, cutOff(err)
		}
		if part.FileName() != "" {
			return part, nil
		}
	}
	return nil, problem.New(http.StatusUnprocessableEntity, "表单里没有文件。")
}

// cutOff tells what ended the reading of a body.
func cutOff(err error) error {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return problem.New(http.StatusRequestEntityTooLarge, fmt.Sprintf("文件超过上限 %d MiB。", long.Limit>>20))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem.New(http.StatusRequestTimeout, "传得太慢，已停止。大文件请分段上传（/api/v1/uploads），断了可以接着传。")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, multipart.ErrMessageTooLarge), strings.HasPrefix(err.Error(), "multipart:"):
		return problem.New(http.StatusBadRequest, "请求内容不完整，或者表单读不通。")
	}
	return err
}

// fileName keeps the last part of a name, without what can't be shown.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name)
	if name == "." || name == "/" || name == "" {
		return "数据.csv"
	}
	if len(name) > nameLong { // the extension stays
		name = strings.ToValidUTF8(name[len(name)-nameLong:], "")
	}
	return name
}

// unreadable lists what is wrong with data.
func unreadable(wrong *intake.Problems) error {
	p := problem.New(http.StatusUnprocessableEntity, fmt.Sprintf("数据没有收下：有 %d 处读不通，改好以后重新送整批。", len(wrong.List)+wrong.More))
	for _, x := range wrong.List {
		message := x.Message
		if x.Text != "" {
			message += "（单元格里是“" + x.Text + "”）"
		}
		x.Message = ""
		p.Errors = append(p.Errors, problem.Detail{Location: strings.TrimSuffix(x.String(), "："), Message: message})
	}
	return p
}

func reply(w http.ResponseWriter, status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(data, '\n'))
	return err
}

// about is what is kept of an upload: whose it is, and the file's name.
type about struct {
	By   string `json:"by"`
	File string `json:"file"`
}

// mine finds an upload of the caller; one of somebody else isn't there.
func (d *Dock) mine(ctx context.Context, id, by string) (u store.Upload, meta about, err error) {
	if u, err = d.store.Upload(ctx, id); err != nil {
		return u, meta, missing(err)
	}
	if err := json.Unmarshal(u.Meta, &meta); err != nil {
		return u, meta, fmt.Errorf("upload %s: %w", id, err)
	}
	if meta.By != by {
		return u, meta, missing(store.ErrNotFound)
	}
	return u, meta, nil
}

func missing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return problem.New(http.StatusNotFound, "没有找到这次上传。")
	}
	return err
}
