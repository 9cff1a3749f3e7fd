package main

import (
	"fmt"
	"runtime/debug"
)

// versionCmd prints what this binary was built from.
type versionCmd struct{}

// Run prints module version, commit and Go version.
func (versionCmd) Run(s *streams) error {
	version, built := buildVersion()
	fmt.Fprintf(s.out, "mianshen %s（%s）\n", version, built)
	return nil
}

// buildVersion is the module's version with the commit where it is known, and the Go version.
func buildVersion() (version, built string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown", ""
	}
	version = info.Main.Version
	for _, kv := range info.Settings {
		if kv.Key == "vcs.revision" {
			version += " " + kv.Value
		}
	}
	return version, info.GoVersion
}
