package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"mianshen/seeds"
)

// demoCmd groups what works on the embedded samples.
type demoCmd struct {
	Export  demoExportCmd  `cmd:"" help:"把内置的示例（指标字典、政策、2000 家合成企业）写到目录"`
	Quarter demoQuarterCmd `cmd:"" help:"在一个空库里演一个季度，从比对到结清，最后核对"`
}

// demoExportCmd writes the samples to a directory.
type demoExportCmd struct {
	Dir string `arg:"" help:"目录；不存在则新建，不为空则不动"`
}

// Run writes the samples and says what to do with them.
func (c *demoExportCmd) Run(s *streams) error {
	if err := seeds.Export(c.Dir); err != nil {
		if errors.Is(err, seeds.ErrNotEmpty) {
			return misuse{err.Error()}
		}
		return misuse{fmt.Sprintf("写不到 %s：%v", c.Dir, err)}
	}
	fmt.Fprintf(s.err, "已写到 %s。接着可以：\n  mianshen match --policies %s --profiles %s --as-of 2025-06-30\n",
		c.Dir, filepath.Join(c.Dir, "policies"), filepath.Join(c.Dir, "profiles.csv"))
	return nil
}
