package finding

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func BenchmarkDecode(b *testing.B) {
	read := func(name string) []byte {
		data, err := os.ReadFile("../../examples/findings/" + name)
		if err != nil {
			b.Fatal(err)
		}
		return data
	}
	event := read("ec2-c2.json")
	for _, bm := range []struct {
		name  string
		doc   []byte
		found int
	}{
		{"event", event, 1},
		{"sequence", read("attack-sequence.json"), 1},
		{"sns in sqs", []byte(`{"Records":[{"body":` + quote(inSNS(string(event))) + `}]}`), 1},
		{"100 lines", []byte(strings.Repeat(strings.ReplaceAll(bare, "\n", "")+"\n", 100)), 100},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(bm.doc)))
			b.ReportAllocs()
			for b.Loop() {
				if found, err := Decode(bytes.NewReader(bm.doc)); err != nil || len(found) != bm.found {
					b.Fatal(len(found), err)
				}
			}
		})
	}
}
