package awssim

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// Diff tells what differs between two dumps, one line a difference, sorted: "path: before → after", the values as
// JSON, "absent" for none.
func Diff(before, after map[string]any) []string {
	out := []string{}
	diff("", before, after, &out)
	slices.Sort(out)
	return out
}

func diff(path string, before, after any, out *[]string) {
	b, mapped := before.(map[string]any)
	a, too := after.(map[string]any)
	if mapped && too {
		keys := maps.Clone(b)
		maps.Copy(keys, a)
		for k := range keys {
			diff(path+"/"+k, b[k], a[k], out)
		}
		return
	}
	if old, now := encode(before), encode(after); !bytes.Equal(old, now) {
		*out = append(*out, cmp.Or(path, "/")+": "+shown(before, old)+" → "+shown(after, now))
	}
}

func shown(v any, raw []byte) string {
	if v == nil {
		return "absent"
	}
	return string(raw)
}
