package vault

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestCleanName(t *testing.T) {
	for name, want := range map[string]string{
		"metadata.json":          "metadata.json",
		"i-0abc_1/stdout":        "i-0abc_1/stdout",
		"":                       "%-",
		"/etc":                   "%-/etc",
		"..":                     "%2E%2E",
		"../x":                   "%2E%2E/x",
		"a.":                     "a%2E",
		"a b":                    "a%20b",
		"100%":                   "100%25",
		"é":                      "%C3%A9",
		"NUL.txt":                "%4EUL.txt",
		"com1":                   "%63om1",
		"com":                    "com",
		"manifest":               "%6Danifest",
		"MANIFEST/1":             "%4DANIFEST/1",
		"x/manifest":             "x/manifest",
		strings.Repeat("x", 240): strings.Repeat("x", 240),
		strings.Repeat("x", 241): strings.Repeat("x", 174) + "%~" + digest([]byte(strings.Repeat("x", 241))),
	} {
		if got := cleanName(name, "/", maxName); got != want {
			t.Errorf("cleanName(%q) = %q, want %q", name, got, want)
		}
	}
}

var cleanSegments = regexp.MustCompile(`^([A-Za-z0-9_-]|%[0-9A-F]{2}|%-|%~)([A-Za-z0-9._-]|%[0-9A-F]{0,2}|%~)*$`)

// Two names have different keys, each inside the case and outside its manifest.
func FuzzCleanName(f *testing.F) {
	names := append(hostile(), "a\xff", "a\xfe", "")
	for i, name := range names {
		f.Add(name, names[(i+1)%len(names)])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, kind := range []struct {
			separator string
			limit     int
		}{{"/", maxName}, {"%2F", maxSegment}} {
			x, y := cleanName(a, kind.separator, kind.limit), cleanName(b, kind.separator, kind.limit)
			if (a == b) != (x == y) {
				t.Errorf("%q is %q, %q is %q", a, x, b, y)
			}
			if kind.separator != "/" && strings.Contains(x, "/") {
				t.Errorf("%q is %q: more than one file", a, x)
			}
			if len(x) > kind.limit || path.Clean("/c/"+x) != "/c/"+x {
				t.Errorf("%q is %q", a, x)
			}
			for i, s := range strings.Split(x, "/") {
				if len(s) > 255 || reserved(s) || !cleanSegments.MatchString(s) || strings.HasSuffix(s, ".") || i == 0 && strings.EqualFold(s, manifestDir) {
					t.Errorf("%q is %q: segment %q", a, x, s)
				}
			}
		}
	})
}
