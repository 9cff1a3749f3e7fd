package delivery

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mianshen/internal/intake"
)

// Open opens what a department delivers: a file, or a folder of files, which come sorted by name. Files whose name begins with
// a dot, or with ~$ as spreadsheets mark those they are editing, are left out; folders inside are an error. The caller calls
// close after the last use of the inputs.
func Open(path string) (ins []intake.Input, closeAll func() error, err error) {
	paths := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if paths, err = filesOf(path); err != nil {
			return nil, nil, err
		}
	}
	var closers []func() error
	closeAll = func() (err error) {
		for _, c := range closers {
			err = errors.Join(err, c())
		}
		return err
	}
	for _, p := range paths {
		in, file, err := intake.Open(p)
		if err != nil {
			return nil, nil, errors.Join(err, closeAll())
		}
		ins, closers = append(ins, in), append(closers, file.Close)
	}
	return ins, closeAll, nil
}

// filesOf lists the files of a folder.
func filesOf(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("打不开 %s：%w", folder, err)
	}
	var paths []string
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), "."), strings.HasPrefix(e.Name(), "~$"):
		case e.IsDir():
			return nil, fmt.Errorf("%s 里还有文件夹 %s，请只放这一批的数据文件", folder, e.Name())
		default:
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	if len(paths) == 0 || len(paths) > maxFiles {
		return nil, fmt.Errorf("%s 里有 %d 个文件，一批数据有 1 至 %d 个", folder, len(paths), maxFiles)
	}
	return paths, nil
}
