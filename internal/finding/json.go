package finding

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// value is one JSON value, known to be valid, without white space around it. Nil is a value that
// is absent or null. Reading it wrongly (a number as an object) gives the zero, never an error.
type value []byte

// member is one key and its value; the key is unquoted.
type member struct {
	key []byte
	val value
}

// object is a JSON object's members in their order.
type object []member

func (v value) isObject() bool { return len(v) > 0 && v[0] == '{' }
func (v value) isArray() bool  { return len(v) > 0 && v[0] == '[' }
func (v value) isString() bool { return len(v) > 0 && v[0] == '"' }

// object lists the members; nil when v is no object.
func (v value) object() object {
	if !v.isObject() {
		return nil
	}
	members := make(object, 0, 12)
	for i := skipSpace(v, 1); i < len(v) && v[i] == '"'; {
		end := skipString(v, i)
		key := v[i+1 : end-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			key = value(v[i:end].text())
		}
		i = skipSpace(v, skipSpace(v, end)+1) // past the colon
		end, _ = scanValue(v, i)
		members = append(members, member{key: key, val: v[i:end]})
		if i = skipSpace(v, end); i < len(v) && v[i] == ',' {
			i = skipSpace(v, i+1)
		}
	}
	return members
}

// get is the member of that name: written exactly so or, failing that, but for case. Of several
// alike the last counts, as in encoding/json.
func (o object) get(name string) value {
	var folded value
	for i := len(o) - 1; i >= 0; i-- {
		m := o[i]
		if len(m.key) != len(name) {
			continue
		}
		if string(m.key) == name {
			return m.val.orNil()
		}
		if folded == nil && strings.EqualFold(string(m.key), name) {
			folded = m.val.orNil()
		}
	}
	return folded
}

// has reports whether there is such a member, null or not.
func (o object) has(name string) bool {
	for _, m := range o {
		if strings.EqualFold(string(m.key), name) {
			return true
		}
	}
	return false
}

// path follows the names down from v.
func (v value) path(names ...string) value {
	for _, name := range names {
		v = v.object().get(name)
	}
	return v
}

func (v value) orNil() value {
	if string(v) == "null" {
		return nil
	}
	return v
}

// list is an array's elements; what is no array counts as an array of itself, nil as none.
func (v value) list() []value {
	if v.orNil() == nil {
		return nil
	}
	if !v.isArray() {
		return []value{v}
	}
	var all []value
	for i := skipSpace(v, 1); i < len(v) && v[i] != ']'; {
		end, _ := scanValue(v, i)
		all = append(all, v[i:end])
		if i = skipSpace(v, end); i < len(v) && v[i] == ',' {
			i = skipSpace(v, i+1)
		}
	}
	return all
}

// text is a string's content, or a number or boolean as written; "" otherwise.
func (v value) text() string {
	if v.orNil() == nil || v.isObject() || v.isArray() {
		return ""
	}
	if !v.isString() {
		return string(v)
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		return ""
	}
	return s
}

// number reads a number, or a string holding one. Infinities and NaN are none.
func (v value) number() (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(v.text()), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}

// boolean is true for true and for "true" in any case.
func (v value) boolean() bool { return strings.EqualFold(v.text(), "true") }
