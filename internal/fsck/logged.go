package fsck

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"mianshen/internal/audit"
	"mianshen/internal/store"
)

// logged are the checks of the audit log (L1, L2). L1.record stands for the walk that finds the others' breaches too.
var logged = []Check{
	{ID: "L1.record", Promise: "审计记录编号不缺，各列与它的原文相同", walk: records},
	{ID: "L1.tree", Promise: "审计日志的散列树就是由记录算出来的"},
	{ID: "L1.checkpoint", Promise: "每个检查点都与那时的记录相符，一个接一个"},
	{ID: "L2.once", Promise: "每次状态变化恰好有一条审计记录", walk: once},
}

// tree is the tree of RFC 6962 as it grows: of each complete subtree on its right edge the hash, the largest first.
type tree struct {
	size int64
	edge [][sha256.Size]byte
}

// leaf adds a record and returns the hashes of the subtrees that it completes, itself first.
func (t *tree) leaf(body []byte) (added [][sha256.Size]byte) {
	h := sha256.Sum256(append([]byte{0}, body...))
	added = append(added, h)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		h = node(t.edge[last], h)
		t.edge, added = t.edge[:last], append(added, h)
	}
	t.edge = append(t.edge, h)
	t.size++
	return added
}

func node(left, right [sha256.Size]byte) [sha256.Size]byte {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// root is the hash of the whole tree, which isn't empty.
func (t *tree) root() [sha256.Size]byte {
	h := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		h = node(t.edge[i], h)
	}
	return h
}

// ledger is the audit log on the way through it.
type ledger struct {
	b      *book
	tree   tree
	hashes int64 // how many the tree has so far
	points []point
	last   audit.Checkpoint
	note   string // the signed checkpoint before
}

// point is a checkpoint as it is kept.
type point struct {
	size int64
	at   time.Time
	note string
}

// page is how many records are read at once.
const page = 1000

type record struct {
	seq           int64
	kind, subject string
	at            time.Time
	body          []byte
}

// records walks through the log by pages, since the hashes of the tree are read beside the records.
func records(ctx context.Context, b *book) error {
	l := &ledger{b: b}
	var p point
	err := b.each(ctx, `SELECT size, at, note FROM audit_checkpoint ORDER BY size`, []any{&p.size, store.StampInto(&p.at), &p.note}, func() { l.points = append(l.points, p) })
	for more := true; err == nil && more; {
		more, err = l.page(ctx)
	}
	if err != nil {
		return err
	}
	for _, p := range l.points {
		b.found("L1.checkpoint", fmt.Sprintf("检查点 %d", p.size), "盖住 %d 条记录，日志只有 %d 条", p.size, l.tree.size)
	}
	var last, hashes int64
	if err := b.each(ctx, `SELECT coalesce(last, 0), (SELECT count(*) FROM audit_hash) FROM audit_head`, []any{&last, &hashes}, func() {}); err != nil {
		return err
	}
	if last != l.tree.size {
		b.found("L1.record", "审计日志", "记着有 %d 条，实有 %d 条", last, l.tree.size)
	}
	if hashes != l.hashes {
		b.found("L1.tree", "审计日志", "散列值应有 %d 个，实有 %d 个", l.hashes, hashes)
	}
	return nil
}

// page takes in the next records; more says that there may be others after them.
func (l *ledger) page(ctx context.Context) (more bool, err error) {
	var r record
	var list []record
	after := l.tree.size
	err = l.b.each(ctx, `SELECT seq, at, kind, subject, body FROM audit_record WHERE seq > $1 ORDER BY seq LIMIT $2`,
		[]any{&r.seq, store.StampInto(&r.at), &r.kind, &r.subject, &r.body}, func() { list = append(list, r) }, after, page)
	if err != nil || len(list) == 0 {
		return false, err
	}
	first := l.hashes
	var want [][sha256.Size]byte
	for i, r := range list {
		if r.seq != after+int64(i)+1 {
			l.b.found("L1.record", fmt.Sprintf("记录 %d", after+int64(i)+1), "没有这一条")
			return false, nil // nothing after it can be told
		}
		l.look(r)
		want = append(want, l.tree.leaf(r.body)...)
		l.point()
	}
	l.hashes = first + int64(len(want))
	have := make(map[int64]string, len(want))
	var index int64
	var sum []byte
	err = l.b.each(ctx, `SELECT idx, hash FROM audit_hash WHERE idx >= $1 AND idx < $2`, []any{&index, &sum}, func() { have[index] = string(sum) }, first, l.hashes)
	for i, h := range want {
		if have[first+int64(i)] != string(h[:]) {
			l.b.found("L1.tree", fmt.Sprintf("散列值 %d", first+int64(i)), "与记录算出来的不同，或没有")
		}
	}
	return true, err
}

// look holds the columns of a record against its body.
func (l *ledger) look(r record) {
	text := strings.SplitN(string(r.body), "\n", 6)
	want := []string{"mianshen record 1", fmt.Sprint(r.seq), r.at.UTC().Format("2006-01-02T15:04:05.000000Z"), r.kind, r.subject}
	if len(text) < 6 || strings.Join(text[:5], "\n") != strings.Join(want, "\n") {
		l.b.found("L1.record", fmt.Sprintf("记录 %d", r.seq), "各列与原文不同")
	}
}

// point holds the next checkpoint, if it is of the records so far, against them.
func (l *ledger) point() {
	for len(l.points) > 0 && l.points[0].size <= l.tree.size {
		p := l.points[0]
		l.points = l.points[1:]
		row, previous := fmt.Sprintf("检查点 %d", p.size), audit.First
		if l.note != "" {
			previous = audit.Digest(l.note)
		}
		c, err := audit.Open(p.note)
		switch {
		case err != nil:
			l.b.found("L1.checkpoint", row, "不是签署过的检查点，或被改过")
		case c.Size != p.size || !c.At.Equal(p.at):
			l.b.found("L1.checkpoint", row, "条数或时间与签署的不同")
		case p.size != l.tree.size || c.Root != audit.Hash(l.tree.root()):
			l.b.found("L1.checkpoint", row, "签署时的记录不是现在这些")
		case c.Previous != previous, l.note != "" && c.Origin != l.last.Origin:
			l.b.found("L1.checkpoint", row, "没有接着上一个检查点")
		}
		l.note, l.last = p.note, c
	}
}
