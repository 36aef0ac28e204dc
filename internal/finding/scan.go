package finding

import "bytes"

// maxDepth is how deeply objects and arrays may nest in a document.
const maxDepth = 200

// scanState tells how the scan of one value ended.
type scanState int

const (
	scanned   scanState = iota
	truncated           // the input ends within the value
	tooDeep             // it nests deeper than maxDepth
)

// scanValue finds the end of the JSON value that begins at b[i]. It follows quotes and brackets
// only: whether the value is valid JSON, json.Valid says.
func scanValue(b []byte, i int) (end int, state scanState) {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			end := skipString(b, i)
			if end < 0 {
				return len(b), truncated
			}
			i = end
		case '{', '[':
			if depth++; depth > maxDepth {
				return i, tooDeep
			}
			i++
		case '}', ']':
			depth--
			i++
		case ' ', '\t', '\r', '\n', ',', ':':
			i++
			if depth <= 0 {
				return i, scanned // stray punctuation, which is no JSON
			}
			continue
		default:
			for i < len(b) && !isDelimiter(b[i]) {
				i++
			}
		}
		if depth <= 0 {
			return i, scanned
		}
	}
	return i, truncated
}

// skipString is the index after the string that opens at b[i], or -1 when it does not end.
func skipString(b []byte, i int) int {
	for j := i + 1; ; {
		k := bytes.IndexByte(b[j:], '"')
		if k < 0 {
			return -1
		}
		k += j
		escapes := 0
		for k-1-escapes >= j && b[k-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return k + 1
		}
		j = k + 1
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

func isDelimiter(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ':', '{', '}', '[', ']', '"':
		return true
	}
	return false
}
