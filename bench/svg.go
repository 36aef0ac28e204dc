package bench

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/cloud"
)

// Band is one system's calls in a plot.
type Band struct {
	Title   string
	Began   time.Time
	Calls   []cloud.Call
	Contain time.Duration // when the last interface was isolated
	Idle    string        // what the time without any call is, "" for nothing
}

const (
	plotWidth  = 960
	plotLeft   = 16
	laneHeight = 9
	bandGap    = 70
)

// Plot draws bands below each other on one axis of time, up to end, each call as a bar: those that have to do with the network
// interfaces and their groups stand out, as do those to store, vault and notices. Calls that run side by side lie above each other. The page's own scheme, light or dark, is followed.
func Plot(title string, end time.Duration, bands ...Band) string {
	p := plot{end: end}
	y := 58
	for _, b := range bands {
		y = p.band(b, y)
	}
	p.axis(y)
	height := y + 34
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">
<title>%s</title>
<style>
.page{fill:#ffffff} text{fill:#1f2328;font:12px system-ui,sans-serif} .head{font-weight:600;font-size:15px} .name{font-weight:600} .dim{fill:#59636e}
.call{fill:#8c959f} .net{fill:#0969da} .kept{fill:#bf8700} .idle{fill:#eaeef2} .line{stroke:#d1d9e0} .mark{stroke:#cf222e;stroke-width:2} .said{fill:#cf222e;font-weight:600}
@media (prefers-color-scheme: dark){
.page{fill:#0d1117} text{fill:#f0f6fc} .dim{fill:#9198a1}
.call{fill:#6e7681} .net{fill:#58a6ff} .kept{fill:#9e6a03} .idle{fill:#1c2128} .line{stroke:#30363d} .mark{stroke:#ff7b72} .said{fill:#ff7b72}
}
</style>
<rect class="page" width="%d" height="%d"/>
<text class="head" x="%d" y="26">%s</text>
<rect class="net" x="%d" y="36" width="12" height="9"/><text class="dim" x="%d" y="45">network interfaces and their groups</text>
<rect class="kept" x="%d" y="36" width="12" height="9"/><text class="dim" x="%d" y="45">DynamoDB, S3, SNS</text>
<rect class="call" x="%d" y="36" width="12" height="9"/><text class="dim" x="%d" y="45">other calls</text>
`, plotWidth, height, plotWidth, height, escaped(title), escaped(title), plotWidth, height, plotLeft, escaped(title),
		plotLeft, plotLeft+18, plotLeft+260, plotLeft+278, plotLeft+430, plotLeft+448)
	out.WriteString(p.body.String())
	out.WriteString("</svg>\n")
	return out.String()
}

type plot struct {
	end  time.Duration
	body strings.Builder
}

// x is where a time is.
func (p *plot) x(d time.Duration) float64 {
	return plotLeft + float64(min(d, p.end))/float64(p.end)*(plotWidth-2*plotLeft)
}

func (p *plot) band(b Band, y int) (below int) {
	calls := slices.DeleteFunc(slices.Clone(b.Calls), func(c cloud.Call) bool { return c.Started.Sub(b.Began) >= p.end })
	slices.SortStableFunc(calls, func(a, b cloud.Call) int {
		return cmp.Or(a.Started.Compare(b.Started), strings.Compare(class(b), class(a))) // those on the network above the others
	})
	fmt.Fprintf(&p.body, `<text class="name" x="%d" y="%d">%s</text>`+"\n", plotLeft, y+20, escaped(b.Title))
	top := y + 30
	var free []time.Time // when each lane is free again
	var bars strings.Builder
	for _, c := range calls {
		lane := slices.IndexFunc(free, func(t time.Time) bool { return !t.After(c.Started) })
		if lane < 0 {
			lane, free = len(free), append(free, time.Time{})
		}
		free[lane] = c.Ended
		from, to := p.x(c.Started.Sub(b.Began)), p.x(c.Ended.Sub(b.Began))
		gap := min(0.5, (to-from)/4)
		fmt.Fprintf(&bars, `<rect class="%s" x="%.2f" y="%d" width="%.2f" height="%d"><title>%s, %d to %d ms</title></rect>`+"\n",
			class(c), from, top+lane*laneHeight, max(to-from-gap, 0.3), laneHeight-1, escaped(c.Service+" "+c.Operation),
			c.Started.Sub(b.Began).Milliseconds(), c.Ended.Sub(b.Began).Milliseconds())
	}
	height := max(len(free), 2) * laneHeight
	p.idle(b, calls, top, height)
	p.body.WriteString(bars.String())
	if at := p.x(b.Contain); b.Contain < p.end {
		anchor, dx := "start", 6.0
		if at > plotWidth*3/4 {
			anchor, dx = "end", -6
		}
		fmt.Fprintf(&p.body, `<line class="mark" x1="%.2f" x2="%.2f" y1="%d" y2="%d"/><text class="said" x="%.2f" y="%d" text-anchor="%s">contained after %s</text>`+"\n",
			at, at, top-4, top+height+6, at+dx, top+height+16, anchor, seconds(b.Contain))
	}
	if b.Contain >= p.end {
		fmt.Fprintf(&p.body, `<text class="said" x="%d" y="%d" text-anchor="end">not contained yet (after %s)</text>`+"\n",
			plotWidth-plotLeft, top+height+16, seconds(b.Contain))
	}
	return y + height + bandGap
}

// idle shades the stretches of a second and more in which no call is under way.
func (p *plot) idle(b Band, calls []cloud.Call, top, height int) {
	busy := b.Began
	for _, c := range calls {
		if c.Started.Sub(busy) >= time.Second && b.Idle != "" {
			from, to := p.x(busy.Sub(b.Began)), p.x(c.Started.Sub(b.Began))
			fmt.Fprintf(&p.body, `<rect class="idle" x="%.2f" y="%d" width="%.2f" height="%d"/><text class="dim" x="%.2f" y="%d" text-anchor="middle">%s %s</text>`+"\n",
				from, top, to-from, height, (from+to)/2, top+height/2+4, escaped(b.Idle), seconds(c.Started.Sub(busy)))
		}
		if c.Ended.After(busy) {
			busy = c.Ended
		}
	}
}

func (p *plot) axis(y int) {
	step := p.end
	for _, s := range []time.Duration{50, 100, 200, 500, 1000, 2000, 5000} {
		if s *= time.Millisecond; p.end/s <= 12 {
			step = s
			break
		}
	}
	fmt.Fprintf(&p.body, `<line class="line" x1="%d" x2="%d" y1="%d" y2="%d"/>`+"\n", plotLeft, plotWidth-plotLeft, y, y)
	for at := time.Duration(0); at <= p.end; at += step {
		x, anchor := p.x(at), "middle"
		if at == 0 {
			anchor = "start"
		} else if at+step > p.end && p.end-at < step/4 {
			anchor = "end"
		}
		fmt.Fprintf(&p.body, `<line class="line" x1="%.2f" x2="%.2f" y1="%d" y2="%d"/><text class="dim" x="%.2f" y="%d" text-anchor="%s">%s</text>`+"\n",
			x, x, y, y+5, x, y+19, anchor, p.tick(at))
	}
}

// tick is a time on the axis: all with as many digits.
func (p *plot) tick(at time.Duration) string {
	switch {
	case at == 0:
		return "0"
	case p.end < 5*time.Second:
		return fmt.Sprintf("%.2f s", at.Seconds())
	default:
		return fmt.Sprintf("%.0f s", at.Seconds())
	}
}

// class is what a call is drawn as.
func class(c cloud.Call) string {
	switch {
	case onNetwork(c):
		return "net"
	case c.Service == "DynamoDB" || c.Service == "S3" || c.Service == "SNS":
		return "kept"
	default:
		return "call"
	}
}

// onNetwork says whether a call has to do with isolation.
func onNetwork(c cloud.Call) bool {
	return strings.Contains(c.Operation, "SecurityGroup") || strings.Contains(c.Operation, "NetworkInterface")
}

// escaped is text for XML; what no XML may hold becomes U+FFFD.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder does not fail
	return b.String()
}

// seconds is a time for people: 17.0 s, 0.20 s, 4.1 ms.
func seconds(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < time.Millisecond:
		return fmt.Sprintf("%.0f µs", float64(d)/float64(time.Microsecond))
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	case d < 5*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}
