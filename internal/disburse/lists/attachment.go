package lists

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"mianshen/internal/store"
)

// MaxAttachment is the largest paper in bytes.
const MaxAttachment = 10 << 20

// AttachmentKinds are the kinds of papers that belong to a list.
func AttachmentKinds() []string {
	return []string{"会议纪要", "请款函", "公示结果", "其他"}
}

// Attachment is a paper that was added to a list in a state.
type Attachment struct {
	N                           int
	State                       State
	Kind, Name, SHA256, AddedBy string
	Size                        int
	AddedAt                     time.Time
}

// Attach adds a paper to a list in whichever state, and returns its number.
func (b *Book) Attach(ctx context.Context, a Actor, list, kind, name string, body []byte, now time.Time) (n int, err error) {
	err = b.transact(ctx, func(tx *store.Tx) error {
		h, err := load(ctx, tx, list)
		if err != nil {
			return err
		}
		name = path.Base(strings.ReplaceAll(name, "\\", "/"))
		switch {
		case !slices.Contains(AttachmentKinds(), kind):
			return invalid("附件种类“%s”不认识，应为%s。", kind, join(AttachmentKinds()))
		case name == "." || name == "/" || len(name) > 255:
			return invalid("附件没有文件名，或文件名太长，请改名后再上传。")
		case len(body) == 0 || len(body) > MaxAttachment:
			return invalid("附件“%s”有 %d 字节，须在 1 字节至 10 MiB 之间，请压缩或拆分后再上传。", name, len(body))
		}
		if err := a.hasIn(ctx, tx, h.department, "D1", "D2", "F1", "F2", "F3"); err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		digest := hex.EncodeToString(sum[:])
		err = tx.QueryRow(ctx, `INSERT INTO list_attachment (list, n, state, kind, name, sha256, body, added_by, added_at)
			SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, $7, $8 FROM list_attachment WHERE list = $1 RETURNING n`,
			list, string(h.state), kind, name, digest, body, a.Person, store.Stamp(now)).Scan(&n)
		if err != nil {
			return err
		}
		return record(ctx, tx, "attached", list, a, "", now, map[string]string{"n": fmt.Sprint(n), "sha256": digest})
	})
	return n, err
}

// Attachments returns the papers of a list without their contents.
func (b *Book) Attachments(ctx context.Context, list string) (all []Attachment, err error) {
	err = b.query(ctx, "SELECT n, state, kind, name, sha256, added_by, added_at, length(body) FROM list_attachment WHERE list = $1 ORDER BY n",
		[]any{list}, func(scan scanner) error {
			var x Attachment
			err := scan(&x.N, &x.State, &x.Kind, &x.Name, &x.SHA256, &x.AddedBy, store.StampInto(&x.AddedAt), &x.Size)
			all = append(all, x)
			return err
		})
	return all, err
}

// Attachment returns the contents of a paper, which must still be what was added.
func (b *Book) Attachment(ctx context.Context, list string, n int) (body []byte, err error) {
	var digest string
	err = b.query(ctx, "SELECT body, sha256 FROM list_attachment WHERE list = $1 AND n = $2", []any{list, n}, func(scan scanner) error {
		return scan(&body, &digest)
	})
	if err == nil && digest == "" {
		return nil, refused{store.ErrNotFound, fmt.Sprintf("名单“%s”没有第 %d 件附件，请核对序号。", list, n)}
	}
	if sum := sha256.Sum256(body); err == nil && hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("attachment %d of list %q isn't what was added", n, list)
	}
	return body, err
}
