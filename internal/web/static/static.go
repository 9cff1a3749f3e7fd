// Package static holds what browsers fetch beside the pages: one style sheet, two scripts, one picture, all embedded in the
// binary. Each is served under a name that contains its hash, so that it may be kept for ever and a new program never meets
// an old file. Nothing is loaded from anywhere else.
//
// htmx.min.js is htmx.org 2.0.11 from npm, unchanged, under the Zero-Clause BSD licence.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed files
var files embed.FS

// Prefix is where the files are served.
const Prefix = "/assets/"

type asset struct {
	data []byte
	kind string
}

var (
	paths  = map[string]string{} // app.css -> /assets/app.0123456789ab.css
	assets = map[string]asset{}  // app.0123456789ab.css -> content
)

func init() {
	entries, err := fs.ReadDir(files, "files")
	if err != nil {
		panic(err) // the files are part of the binary
	}
	for _, e := range entries {
		data, err := fs.ReadFile(files, path.Join("files", e.Name()))
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(e.Name())
		hashed := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		paths[e.Name()] = Prefix + hashed
		kind := mime.TypeByExtension(ext)
		if ext == ".js" {
			kind = "text/javascript; charset=utf-8"
		}
		assets[hashed] = asset{data: data, kind: kind}
	}
}

// Path returns the address of a file by its own name, such as app.css. It panics for a name that doesn't exist, which only
// a mistake in a page can ask for.
func Path(name string) string {
	p, ok := paths[name]
	if !ok {
		panic(fmt.Sprintf("static: no file %q", name))
	}
	return p
}

// Serve answers a request for the file at the end of the address, and tells whether there is one; if not, nothing is
// written.
func Serve(w http.ResponseWriter, r *http.Request, hashed string) bool {
	a, ok := assets[hashed]
	if !ok {
		return false
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("ETag", `"`+hashed+`"`)
	http.ServeContent(w, r, hashed, time.Time{}, bytes.NewReader(a.data))
	return true
}
