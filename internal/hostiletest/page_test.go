package hostiletest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityPage holds that every test that SECURITY.md names is there, and that every promise names one.
func TestSecurityPage(t *testing.T) {
	page, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(raw, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`")
	found := names.FindAllSubmatch(page, -1)
	if len(found) < 30 {
		t.Errorf("only %d tests are named", len(found))
	}
	for _, m := range found {
		if !there[string(m[1])] {
			t.Errorf("SECURITY.md names %s, which is not there", m[1])
		}
	}
	_, threats, _ := strings.Cut(string(page), "## Who may be against you")
	threats, _, _ = strings.Cut(threats, "## Secrets")
	for _, promise := range strings.Split(threats, "\n* ")[1:] {
		if !names.MatchString(promise) && !strings.HasPrefix(promise, "**") {
			t.Errorf("a promise without a test: %s", promise)
		}
	}
}

// TestEveryFuzzTargetRuns: make fuzz runs every fuzz target there is.
func TestEveryFuzzTargetRuns(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		pkg := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
		for _, m := range regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`).FindAllSubmatch(raw, -1) {
			if !regexp.MustCompile(`[\s=]` + regexp.QuoteMeta(pkg+":"+string(m[1])) + `\s`).Match(makefile) {
				t.Errorf("%s:%s is not in the Makefile's FUZZ", pkg, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
