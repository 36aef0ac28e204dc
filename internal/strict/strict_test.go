package strict_test

import (
	"errors"
	"strings"
	"testing"

	"cordon/internal/strict"
)

type doc struct {
	Name string            `yaml:"name"`
	On   bool              `yaml:"on"`
	N    int               `yaml:"n"`
	F    float64           `yaml:"f"`
	List []item            `yaml:"list"`
	Tags map[string]string `yaml:"tags"`
	Sub  *item             `yaml:"sub"`
}

type item struct {
	ID string `yaml:"id"`
}

func decode(text string) (doc, error) {
	var d doc
	parsed, err := strict.Parse([]byte(text))
	if err == nil {
		err = parsed.Decode(&d)
	}
	return d, err
}

func TestFits(t *testing.T) {
	for _, tt := range []struct{ name, yaml, want string }{
		{"empty", "", ""},
		{"comments", "# nothing\n", ""},
		{"all", "name: x\non: true\nn: 3\nf: 1\nlist: [{id: a}]\ntags: {k: v}\nsub: {id: b}\n", ""},
		{"a key without a value", "name:\nlist:\n", ""},
		{"folded text", "name: >\n  one\n  two\n", ""},
		{"numbers that are text as they stand", "name: 111122223333\ntags: {k: 0}\n", ""},
		{"a number in octal", "name: 001122", "quotation marks"},
		{"a truth value for text", "name: true", "quotation marks"},
		{"anchors", "sub: &a {id: b}\nlist: [*a]\n", ""},
		{"a scalar", "just text", "keys with values are wanted"},
		{"unknown key", "nam: x", "[1:1] nam: there is no such key; did you mean name?"},
		{"unknown key below", "list:\n  - id: a\n  - di: b\n", "[3:5] list[1].di: there is no such key; did you mean id?"},
		{"number for text", "name: 3.0", "[1:7] name: text is wanted here: put it in quotation marks"},
		{"text for a number", "n: three", "[1:4] n: a whole number"},
		{"fraction for a whole number", "n: 1.5", "a whole number"},
		{"infinity", "f: .inf", "a number is wanted"},
		{"text for a truth value", "on: \"yes\"", "true or false"},
		{"mapping for a list", "list: {id: a}", "a list is wanted"},
		{"list for a mapping", "tags: [a]", "keys with values"},
		{"text for a mapping", "sub: a", "keys with values"},
		{"an empty entry", "list: [{id: a}, ~]", "list[1]: an entry is empty"},
		{"a number in a map", "tags: {k: 0x1}", "tags.k: text is wanted"},
		{"the same key twice", "name: a\nname: b\n", "name"},
		{"two documents", "name: a\n---\nname: b\n", "more than one document"},
		{"no YAML", "{[", "["},
		{"a number that is too large", "n: 99999999999999999999", "n"},
		{"an odd key", "\"a b\": 1", `"a b": there is no such key`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decode(tt.yaml)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestLocate(t *testing.T) {
	d, err := strict.Parse([]byte("sub:\n  id: a\nlist:\n  - id: b\n  - {id: c}\n"))
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("no good")
	for _, tt := range []struct {
		path []any
		want string
	}{
		{[]any{"sub"}, "[1:1] sub: no good"},
		{[]any{"sub", "id"}, "[2:3] sub.id: no good"},
		{[]any{"list", 0}, "[4:5] list[0]: no good"},
		{[]any{"list", 1, "id"}, "[5:6] list[1].id: no good"},
		{[]any{"list", 1, "gone"}, "[5:6] list[1].gone: no good"},
		{[]any{"gone", "too"}, "gone.too: no good"},
	} {
		got := d.Locate(strict.In(strict.In(cause, tt.path[1:]...), tt.path[0]))
		if got.Error() != tt.want {
			t.Errorf("%v: %q, want %q", tt.path, got, tt.want)
		}
	}
	if d.Locate(nil) != nil || !errors.Is(d.Locate(cause), cause) || strict.In(nil, "x") != nil {
		t.Error("an error without a place gets one")
	}
}

func TestMeant(t *testing.T) {
	known := []string{"severity", "types", "tags", "time"}
	for word, want := range map[string]string{
		"severty": "; did you mean severity?", "tpyes": "; did you mean types?", "TAGS": "; did you mean tags?",
		"nothing": "; use severity, types, tags, time", "": "; use severity, types, tags, time",
	} {
		if got := strict.Meant(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	if got := strict.Meant("x", nil); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
