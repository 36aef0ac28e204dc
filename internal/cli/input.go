package cli

import (
	"errors"
	"fmt"
	"os"

	"cordon/internal/finding"
)

// input decodes the findings in a file, or on standard input for "-". Findings that are good come back beside the
// error for those that are not; with none the error has exit code 5.
func (a *app) input(name string) ([]finding.Finding, error) {
	in := a.In
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
	return findings, &exitError{code: exitInput, cause: err}
}

// inputProblem is one document of the input that is no usable finding, in JSON.
type inputProblem struct {
	Document int    `json:"document"` // its place in the input, from 0; -1: the whole input
	Reason   string `json:"reason"`
	Hint     string `json:"hint,omitempty"`
}

// problems lists those in an error of input.
func problems(err error) (out []inputProblem) {
	var exit *exitError
	if errors.As(err, &exit) {
		for _, p := range finding.Problems(exit.cause) {
			out = append(out, inputProblem{p.Index, p.Reason, p.Hint})
		}
	}
	return out
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
