package deploytest

import (
	"fmt"
	"maps"
	"slices"
)

// reader reads the values of a planned resource, or of a block in it, and knows what was not read: a setting that the
// comparison does not know of must not slip through it.
type reader struct {
	path   string
	left   map[string]any
	blocks []*reader
}

// newReader reads a copy of values.
func newReader(path string, values map[string]any) *reader {
	r := &reader{path: path, left: map[string]any{}}
	maps.Copy(r.left, values)
	return r
}

// configured reads what the module's text sets of a resource.
func configured(r Planned) *reader {
	out := newReader(r.Address, r.Values)
	maps.DeleteFunc(out.left, func(key string, _ any) bool { return !slices.Contains(r.Configured, key) })
	return out
}

// get reads an attribute; nil if it is not set.
func (r *reader) get(key string) any {
	v := r.left[key]
	delete(r.left, key)
	return v
}

// every reads the blocks of one name.
func (r *reader) every(key string) []*reader {
	list, _ := r.get(key).([]any)
	var out []*reader
	for n, item := range list {
		out = append(out, newReader(fmt.Sprintf("%s.%s[%d]", r.path, key, n), object(item)))
	}
	r.blocks = append(r.blocks, out...)
	return out
}

// block reads a block that there is at most one of; one that is not there has no values.
func (r *reader) block(key string) *reader {
	if all := r.every(key); len(all) == 1 {
		return all[0]
	}
	return newReader(r.path+"."+key, nil)
}

// empty says whether nothing is set.
func (r *reader) empty() bool {
	for _, v := range r.left {
		if isSet(v) {
			return false
		}
	}
	return true
}

func isSet(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// unread lists what is set and was not read.
func (r *reader) unread() []string {
	var out []string
	for key, v := range r.left {
		if isSet(v) {
			out = append(out, fmt.Sprintf("%s.%s: is set in Terraform, and the comparison does not know it", r.path, key))
		}
	}
	for _, b := range r.blocks {
		out = append(out, b.unread()...)
	}
	return out
}
