package receive

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"mianshen/internal/store"
	"mianshen/internal/web/bureau"
	"mianshen/internal/web/problem"
)

// Upload is a file on its way in, piece by piece.
type Upload struct {
	ID     string `json:"id" doc:"编号"`
	File   string `json:"file" doc:"文件名"`
	Offset int64  `json:"offset" doc:"已经收到多少字节，下一段从这里开始"`
	Total  int64  `json:"total,omitempty" doc:"一共多少字节；没有说明就没有"`
}

// BeginUpload announces a file.
type BeginUpload struct {
	Body struct {
		File  string `json:"file" minLength:"1" maxLength:"200" doc:"文件名，扩展名说明格式"`
		Total int64  `json:"total,omitempty" minimum:"1" maximum:"2147483648" doc:"一共多少字节；说明了就能查出没有传完"`
	}
}

// OneUpload names an upload.
type OneUpload struct {
	ID string `path:"id" minLength:"1" maxLength:"64" doc:"编号"`
}

// Begin begins an upload, which belongs to who begins it.
func (d *Dock) Begin(ctx context.Context, in *BeginUpload, act bureau.Act) (*Upload, error) {
	meta := about{By: act.By, File: fileName(in.Body.File)}
	body, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	u := store.Upload{ID: rand.Text(), Meta: body, Total: in.Body.Total, At: act.At}
	return &Upload{ID: u.ID, File: meta.File, Total: u.Total}, d.store.BeginUpload(ctx, u)
}

// Upload tells how far an upload of the caller is.
func (d *Dock) Upload(ctx context.Context, in *OneUpload, act bureau.Act) (*Upload, error) {
	u, meta, err := d.mine(ctx, in.ID, act.By)
	return &Upload{ID: u.ID, File: meta.File, Offset: u.Bytes, Total: u.Total}, err
}

// Piece answers a request whose body is the piece of an upload that begins at Upload-Offset. The answer has no body: 204 with the
// new Upload-Offset, or 409 with the offset to go on from. The same piece again changes nothing.
func (d *Dock) Piece(w http.ResponseWriter, r *http.Request, act bureau.Act) error {
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 {
		return problem.Wrong("header.Upload-Offset", "应为这一段从第几个字节开始，第一段为 0")
	}
	u, _, err := d.mine(r.Context(), r.PathValue("id"), act.By)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxPiece+1))
	switch {
	case err != nil:
		return cutOff(err)
	case len(body) == 0:
		return problem.New(http.StatusUnprocessableEntity, "这一段是空的。")
	case len(body) > MaxPiece:
		return problem.New(http.StatusRequestEntityTooLarge, "一段不能超过 8 MiB。")
	case offset+int64(len(body)) > MaxFile:
		return problem.New(http.StatusRequestEntityTooLarge, "文件不能超过 2 GiB。")
	}
	arrived, err := d.store.AppendUpload(r.Context(), u.ID, offset, body)
	w.Header().Set("Upload-Offset", strconv.FormatInt(arrived, 10))
	switch {
	case errors.Is(err, store.ErrConflict):
		return problem.New(http.StatusConflict, "这一段接不上：请从 Upload-Offset 说的地方接着传，总长不能超过开始时说明的。")
	case err != nil:
		return missing(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
