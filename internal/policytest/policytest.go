// Package policytest runs a team's own tests of its policy: findings, and what policy is expected to say of them. It makes
// no AWS call; what would be read from AWS stands in the case.
package policytest

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml/ast"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/policy"
	"cordon/internal/strict"
)

// File is a file of cases.
type File struct {
	Now   *Moment `yaml:"now"` // when the findings are answered, where a case does not say; default: when the test runs
	Cases []Case  `yaml:"cases"`
}

// Case is one finding and what is expected.
type Case struct {
	Name    string `yaml:"name"`    // required, unique
	File    string `yaml:"file"`    // a file with one finding, of any shape; relative to the file of cases
	Finding *Short `yaml:"finding"` // or what matters of a finding
	Target  string `yaml:"target"`  // the id of the one target that is meant; all of the finding's if left out

	Tags        map[string]string `yaml:"tags"`         // those that the target carries, in place of the finding's
	TagsUnknown string            `yaml:"tags_unknown"` // why they cannot be read
	Now         *Moment           `yaml:"now"`          // when the finding is answered

	Expect Expect `yaml:"expect"`
}

// Short is what matters of a finding.
type Short struct {
	Type     string           `yaml:"type"`     // required
	Severity float64          `yaml:"severity"` // 0 to 10
	Account  string           `yaml:"account"`  // default 111122223333
	Region   string           `yaml:"region"`   // default us-east-1
	Kind     string           `yaml:"kind"`     // of the target; default: the usual one of the type
	Resource string           `yaml:"resource"` // the target's id or name
	Role     string           `yaml:"role"`     // target or actor
	Count    int              `yaml:"count"`    // default 1
	Age      *config.Duration `yaml:"age"`      // since the finding was first seen
	Sample   bool             `yaml:"sample"`
	Archived bool             `yaml:"archived"`
}

// Expect is what policy is to say: an outcome alone, or with the rule that decides.
type Expect struct {
	Outcome string `yaml:"outcome"`
	Rule    string `yaml:"rule"`
}

// UnmarshalYAML reads "contain" or {outcome: contain, rule: NAME}.
func (e *Expect) UnmarshalYAML(n ast.Node) error {
	if text, err := strict.Text(n); err == nil {
		*e = Expect{Outcome: text}
		return nil
	}
	type plain Expect
	return strict.Decode(n, (*plain)(e))
}

// Moment is a time such as 2026-11-21T12:00:00Z.
type Moment time.Time

// UnmarshalYAML reads a time.
func (m *Moment) UnmarshalYAML(n ast.Node) error {
	text, err := strict.Text(n)
	if err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("%.40q is no time; write 2026-11-21T12:00:00Z", text)
	}
	*m = Moment(t)
	return nil
}

// Result is one target's decision in one case.
type Result struct {
	Case     string          `json:"case"`
	Target   finding.Target  `json:"target"`
	Want     Expect          `json:"want"`
	Decision policy.Decision `json:"decision"`
	OK       bool            `json:"ok"`
}

// Read reads a file of cases. An error has the file's name and, where it is one of the content, line and column.
func Read(name string) (File, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return File{}, fmt.Errorf("read policy tests: %w", err)
	}
	f, err := parse(raw)
	if err != nil {
		return File{}, fmt.Errorf("read policy tests %s: %w", name, err)
	}
	return f, nil
}

func parse(raw []byte) (f File, err error) {
	doc, err := strict.Parse(raw)
	if err == nil {
		err = doc.Decode(&f)
	}
	if err == nil {
		err = doc.Locate(f.check())
	}
	return f, err
}

// Run decides every case with a configuration. Findings in files are read from dir.
func (f File) Run(conf config.Config, dir string, now time.Time) ([]Result, error) {
	out := []Result{}
	for _, c := range f.Cases {
		at := now
		for _, m := range []*Moment{f.Now, c.Now} {
			if m != nil {
				at = time.Time(*m)
			}
		}
		one, err := c.finding(dir, at)
		if err != nil {
			return nil, fmt.Errorf("read case %q: %w", c.Name, err)
		}
		results := c.run(one, conf, at)
		if len(results) == 0 {
			return nil, fmt.Errorf("read case %q: the finding has no target %q", c.Name, c.Target)
		}
		out = append(out, results...)
	}
	return out, nil
}

func (c Case) run(f finding.Finding, conf config.Config, now time.Time) (out []Result) {
	targets := f.Targets
	if len(targets) == 0 {
		targets = []finding.Target{{Account: f.Account, Region: f.Region, Kind: f.Kind, ID: "finding/" + f.ID}}
	}
	for i, t := range targets {
		if c.Target != "" && c.Target != t.ID {
			continue
		}
		in := policy.Input{Finding: f, Target: t, Config: conf, Now: now, Facts: policy.Facts{Tags: c.Tags, TagsUnknown: c.TagsUnknown}}
		if c.Tags != nil {
			in.Finding.Tags = c.Tags // those of kinds whose tags are not read
		} else if i == 0 {
			in.Facts.Tags = f.Tags
		}
		d := policy.Decide(in)
		ok := c.Expect.Outcome == string(d.Outcome) && (c.Expect.Rule == "" || c.Expect.Rule == d.Rule)
		out = append(out, Result{c.Name, t, c.Expect, d, ok})
	}
	return out
}

// finding is the case's, from its file or from what it says of it.
func (c Case) finding(dir string, now time.Time) (finding.Finding, error) {
	if c.Finding != nil {
		return c.Finding.finding(now), nil
	}
	name := c.File
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	if info, err := os.Stat(name); err != nil {
		return finding.Finding{}, err
	} else if !info.Mode().IsRegular() { // a device or a pipe may never end
		return finding.Finding{}, fmt.Errorf("%s is no regular file", name)
	}
	in, err := os.Open(name)
	if err != nil {
		return finding.Finding{}, err
	}
	defer in.Close()
	findings, err := finding.Decode(in)
	if err != nil {
		return finding.Finding{}, fmt.Errorf("%s: %w", name, err)
	}
	if len(findings) != 1 {
		return finding.Finding{}, fmt.Errorf("%s holds %d findings; one is wanted", name, len(findings))
	}
	return findings[0], nil
}
