package finding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"unicode/utf8"
)

const (
	// MaxBytes is the most input [Decode] takes: 16 MiB.
	MaxBytes = 16 << 20
	// maxProblems is how many errors one input reports; the rest are counted.
	maxProblems = 100
)

// Decode reads findings of any shape, one or many: see the package comment.
//
// Findings and error are independent. The good findings are returned, in the order of the input,
// whatever is wrong with the others; the error joins one *[NotFindingError] for each of those
// ([Problems] lists them). No findings and no error never come together. An error of r itself is
// returned wrapped, and then there are no findings.
//
// Input over [MaxBytes] is refused, unread where r tells its size (a file, a bytes.Reader).
func Decode(r io.Reader) ([]Finding, error) {
	data, err := read(r)
	if err != nil {
		return nil, err
	}
	if data, err = plain(data); err != nil {
		return nil, err
	}
	c := &collector{}
	c.split(data, wrapping{shape: ShapeBare})
	if len(c.found) == 0 && len(c.problems) == 0 {
		c.reject(reject("", "the input is empty"))
	}
	return c.found, c.err()
}

// read takes the whole input, but not more than MaxBytes.
func read(r io.Reader) ([]byte, error) {
	size := int64(512)
	switch sized := r.(type) {
	case interface{ Len() int }:
		size = int64(sized.Len())
	case interface{ Stat() (fs.FileInfo, error) }:
		if info, err := sized.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
	}
	tooLarge := &NotFindingError{
		Index:  -1,
		Reason: fmt.Sprintf("the input is larger than %d MiB", MaxBytes>>20),
		Hint:   "split it; JSON lines can be cut between lines",
	}
	if size > MaxBytes {
		return nil, tooLarge
	}
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := buf.ReadFrom(io.LimitReader(r, MaxBytes+1)); err != nil {
		return nil, fmt.Errorf("read input: %w", err)
	}
	if buf.Len() > MaxBytes {
		return nil, tooLarge
	}
	return buf.Bytes(), nil
}

// plain drops a byte order mark and refuses what is not UTF-8.
func plain(data []byte) ([]byte, error) {
	refuse := func(hint, format string, args ...any) ([]byte, error) {
		e := reject(hint, format, args...)
		e.Index = -1
		return nil, e
	}
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return refuse("convert it to UTF-8", "the input is UTF-16")
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		return refuse("decompress it first: gzip -dc FILE", "the input is gzip-compressed")
	case len(data) >= 2 && (data[0] == 0) != (data[1] == 0):
		return refuse("convert it to UTF-8", "the input is UTF-16 without a byte order mark")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		at := 0
		for at < len(data) {
			r, n := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		return refuse("findings are JSON in UTF-8", "the input is not UTF-8 at byte %d", at)
	}
	return data, nil
}

// collector gathers the findings and the errors of one input.
type collector struct {
	found    []Finding
	problems []*NotFindingError
	index    int // documents met so far
	dropped  int // problems past maxProblems
}

func (c *collector) reject(e *NotFindingError) {
	e.Index = c.index
	c.index++
	if len(c.problems) == maxProblems {
		c.dropped++
		return
	}
	c.problems = append(c.problems, e)
}

func (c *collector) accept(f Finding) {
	c.index++
	c.found = append(c.found, f)
}

func (c *collector) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	if c.index == 1 {
		c.problems[0].Index = -1
	}
	all := make([]error, 0, len(c.problems)+1)
	for _, p := range c.problems {
		all = append(all, p)
	}
	if c.dropped > 0 {
		e := reject("", "%d more documents are no findings", c.dropped)
		e.Index = -1
		all = append(all, e)
	}
	return errors.Join(all...)
}

// split takes data apart into its JSON values: one, several, or one a line. After a value that is
// no JSON it goes on at the next line that begins an object, so that one bad line of an export
// costs one finding.
func (c *collector) split(data []byte, w wrapping) {
	for i := skipSpace(data, 0); i < len(data); i = skipSpace(data, i) {
		end, state := scanValue(data, i)
		doc := data[i:end]
		switch {
		case state == tooDeep:
			c.reject(reject("", "the document nests deeper than %d levels at byte %d", maxDepth, end))
		case state == truncated:
			c.reject(reject("the end is missing", "the document is truncated at byte %d", len(data)))
		case !json.Valid(doc):
			c.reject(syntaxProblem(doc, i))
		default:
			c.document(value(doc), w)
			i = end
			continue
		}
		next := bytes.Index(data[i:], []byte("\n{"))
		if data[i] == '[' || next < 0 || c.dropped > 0 {
			return
		}
		i += next + 1
	}
}

// syntaxProblem says what is wrong with a document that is no JSON, and where in the input.
func syntaxProblem(doc []byte, at int) *NotFindingError {
	var ignored json.RawMessage
	err := json.Unmarshal(doc, &ignored)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset > 0 {
		at += int(syntax.Offset) - 1
	}
	return reject("a finding is a JSON document", "not JSON at byte %d: %v", at, err)
}
