package main

import (
	"fmt"
	"runtime/debug"
)

// versionCmd prints what this binary was built from.
type versionCmd struct{}

// Run prints module version, commit and Go version.
func (versionCmd) Run(s *streams) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Fprintln(s.out, "mianshen")
		return nil
	}
	version, revision := info.Main.Version, ""
	for _, kv := range info.Settings {
		if kv.Key == "vcs.revision" {
			revision = " " + kv.Value
		}
	}
	fmt.Fprintf(s.out, "mianshen %s%s（%s）\n", version, revision, info.GoVersion)
	return nil
}
