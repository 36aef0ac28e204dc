package printable_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"cordon/internal/printable"
)

func TestJSON(t *testing.T) {
	for in, want := range map[string]string{
		"{\n\t\"a\": \"é💥\"\n}":               "{\n\t\"a\": \"é💥\"\n}",
		"\"a\u009b\x7f\u202e\u200b\"":         `"a\u009b\u007f\u202e\u200b"`,
		"\"\U000e0041\"":                      `"\udb40\udc41"`,
		"\"\xff\xed\xa0\x80\ufffd\"":          "\"\\ufffd\\ufffd\\ufffd\\ufffd\ufffd\"",
		`{"a":"\u001b","b":"\\u202e"}` + "\n": `{"a":"\u001b","b":"\\u202e"}` + "\n",
	} {
		if got := string(printable.JSON([]byte(in))); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// FuzzJSON: what is shown prints, and decodes to the same.
func FuzzJSON(f *testing.F) {
	f.Add("a\u009b\u202e\U000e0041\xff\x00\n")
	f.Fuzz(func(t *testing.T, s string) {
		raw, err := json.Marshal(map[string]string{s: s})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if n, err := (printable.Writer{W: &out}).Write(raw); n != len(raw) || err != nil {
			t.Fatal(n, err)
		}
		if strings.ContainsFunc(out.String(), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q", out.String())
		}
		var was, is map[string]string
		if json.Unmarshal(raw, &was) != nil || json.Unmarshal(out.Bytes(), &is) != nil || len(is) != 1 {
			t.Fatalf("%q is no JSON", out.String())
		}
		for k, v := range was {
			if is[k] != v {
				t.Fatalf("%q is another value than %q", out.String(), raw)
			}
		}
	})
}
