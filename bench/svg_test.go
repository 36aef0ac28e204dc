package bench

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestPlot(t *testing.T) {
	journal := calls("DescribeInstances 0-40, ModifyNetworkInterfaceAttribute 0-40, DetachInstances 40-80, CreateTags 3000-3040")
	hostile := "</title><script>\x00\"&'"
	svg := Plot(hostile, 2*time.Second,
		Band{Title: hostile, Began: journal[0].Started, Calls: journal, Contain: 40 * time.Millisecond, Idle: "sleeps"},
		Band{Title: "nothing", Began: journal[0].Started}, Band{Title: "late", Began: journal[0].Started, Contain: 3 * time.Second})
	if !strings.Contains(svg, "not contained yet (after 3.00 s)") {
		t.Errorf("nothing says that the last is contained after the axis: %s", svg)
	}
	bars, marks := 0, 0
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, svg)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local == "script" {
			t.Error("a title became an element")
		}
		for _, a := range start.Attr {
			switch {
			case start.Name.Local == "rect" && a.Name.Local == "class" && (a.Value != "page" && a.Value != "idle"):
				bars++
			case start.Name.Local == "line" && a.Name.Local == "class" && a.Value == "mark":
				marks++
			}
		}
	}
	if bars != 3+3 { // and those that say what the colours mean
		t.Errorf("%d bars, want those of the three calls within the axis", bars-3)
	}
	if marks != 2 {
		t.Errorf("%d moments of containment, want 2", marks)
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 90 * time.Microsecond: "90 µs", 4100 * time.Microsecond: "4.1 ms", 200 * time.Millisecond: "0.20 s", 16920 * time.Millisecond: "16.9 s",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
