package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"cordon/internal/finding"
)

// input decodes the findings in a file, or on standard input for "-". Findings that are good come back beside the
// error for those that are not; with none the error has exit code 5.
func (a *app) input(name string) ([]finding.Finding, error) {
	var in io.Reader = a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usage("read findings: %w (FILE is a file, or - for standard input)", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, usage("read findings: %s is a directory; name a file in it", name)
		}
		in = f
	}
	findings, err := finding.Decode(in)
	if err == nil {
		return findings, nil
	}
	if len(finding.Problems(err)) == 0 {
		return findings, usage("read findings %s: %w", name, err)
	}
	for _, p := range finding.Problems(err) {
		fmt.Fprintf(a.Err, "cordon: %s: %s\n", line(name), line(p.Error()))
	}
	return findings, &exitError{code: exitInput}
}

// codeOf is the exit code in err, 0 for nil.
func codeOf(err error) int {
	if err == nil {
		return exitDone
	}
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	code, _ := classify(err)
	return code
}
