package fsck

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// sealed are the checks that what was published or sealed is as it was (D3, D4).
var sealed = []Check{
	{ID: "D3.policy", Promise: "政策版本的编号就是它的文件的散列值", walk: addressed("D3.policy", "政策版本 ", `SELECT id, files FROM policy_version`)},
	{ID: "D3.vocabulary", Promise: "词表版本的编号就是它的内容的散列值", walk: addressed("D3.vocabulary", "词表版本 ", `SELECT id, body FROM vocabulary_version`)},
	{ID: "D3.pointer", Promise: "现行版本是这项政策自己的", query: `
		SELECT '政策 ' || c.policy_id, '第 ' || TEXT[c.seq] || ' 次指向的版本 ' || c.version || ' 不是它的' FROM policy_pointer c
		LEFT JOIN policy_version v ON v.id = c.version AND v.policy_id = c.policy_id WHERE v.id IS NULL`},
	{ID: "D3.delivery", Promise: "封存的数据批次，分块从 0 起不缺，行数相符", query: `
		SELECT '批次 ' || TEXT[d.seq], '有 ' || TEXT[count(p.part)] || ' 块 ' || TEXT[coalesce(sum(p.rows), 0)] || ' 行，应有 ' || TEXT[d.rows] || ' 行' FROM delivery d
		LEFT JOIN delivery_part p ON p.delivery = d.seq WHERE d.id IS NOT NULL GROUP BY d.seq, d.rows
		HAVING coalesce(sum(p.rows), 0) <> d.rows OR coalesce(max(p.part) + 1, 0) <> count(p.part)`},
	{ID: "D3.parts", Promise: "分块的散列值就是它的内容的", walk: hashedParts},
	{ID: "D4.snapshot", Promise: "比对用的快照是封存的，叠在封存的快照上", query: `
		SELECT '比对 ' || TEXT[w.id], '快照 ' || TEXT[w.snapshot] || ' 没有，或没有封存' FROM sweep w LEFT JOIN snapshot s ON s.seq = w.snapshot AND s.sealed
		WHERE s.seq IS NULL AND w.status <> 'failed'
		UNION ALL
		SELECT '快照 ' || TEXT[s.seq], '底下的快照 ' || TEXT[s.base] || ' 没有封存，或层数不符' FROM snapshot s LEFT JOIN snapshot b ON b.seq = s.base AND b.sealed AND b.depth + 1 = s.depth
		WHERE s.base IS NOT NULL AND b.seq IS NULL`},
	{ID: "D4.sweep", Promise: "完成的比对，分片齐全，行数相符", query: `
		SELECT '比对 ' || TEXT[w.id], '应有 ' || TEXT[w.shards] || ' 片 ' || TEXT[w.rows] || ' 行，实有 ' || TEXT[count(h.shard)] || ' 片 ' || TEXT[coalesce(sum(h.rows), 0)] || ' 行'
		FROM sweep w LEFT JOIN sweep_shard h ON h.sweep = w.id WHERE w.status IN ('done', 'held') GROUP BY w.id, w.shards, w.rows
		HAVING count(h.shard) <> w.shards OR coalesce(sum(h.rows), 0) <> w.rows`},
}

// addressed holds the ids of rows that are named by their content against that content.
func addressed(check, what, query string) walk {
	return func(ctx context.Context, b *book) error {
		var id string
		var content []byte
		return b.each(ctx, query, []any{&id, &content}, func() {
			if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != id {
				b.found(check, what+id, "内容的散列值是 %x", sum)
			}
		})
	}
}

// hashedParts computes the hashes of what deliveries consist of again.
func hashedParts(ctx context.Context, b *book) error {
	var delivery, part int64
	var sum, body []byte
	return b.each(ctx, `SELECT delivery, part, sha256, body FROM delivery_part`, []any{&delivery, &part, &sum, &body}, func() {
		if have := sha256.Sum256(body); string(have[:]) != string(sum) {
			b.found("D3.parts", fmt.Sprintf("批次 %d", delivery), "第 %d 块的内容变了", part)
		}
	})
}
