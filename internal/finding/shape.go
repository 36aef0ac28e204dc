package finding

import "strings"

// maxWraps is how many wrappers (array, SNS, SQS, event, …) may be around a finding. The deepest
// that occurs is 6: a batch of SQS messages, each an SNS notification of an event with a list.
const maxWraps = 10

// The detail types of EventBridge that carry findings.
const (
	detailTypeFinding  = "GuardDuty Finding"
	detailTypeImported = "Security Hub Findings - Imported"
	detailTypeCustom   = "Security Hub Findings - Custom Action"
)

// wrapping is what is known of the wrappers around a document.
type wrapping struct {
	shape Shape
	wraps int
	event *envelope // the EventBridge event that the document is the whole detail of, or nil
}

// envelope is the outside of an EventBridge event.
type envelope struct {
	source, account, region string
	raw                     value
}

// inside is the wrapping one level further in.
func (w wrapping) inside(shape Shape) wrapping {
	return wrapping{shape: shape, wraps: w.wraps + 1}
}

// document looks what v is, and through its wrappers.
func (c *collector) document(v value, w wrapping) {
	if w.wraps > maxWraps {
		c.reject(reject("", "the finding is wrapped more than %d times", maxWraps))
		return
	}
	switch {
	case v.isArray():
		c.each(v, w, "the array")
	case v.isObject():
		c.object(v, v.object(), w)
	default:
		c.reject(reject("a finding is a JSON object", "the document is a bare %s", scalarName(v)))
	}
}

func (c *collector) object(v value, o object, w wrapping) {
	detailType := o.get("detail-type")
	if detailType == nil {
		detailType = o.get("detailType") // as PutEvents spells it
	}
	switch {
	case detailType != nil:
		c.eventBridge(v, o, detailType.text(), w)
	case o.get("findings") != nil:
		c.each(o.get("findings"), w.inside(ShapeAPI), "findings")
	case o.get("findingIds") != nil:
		c.reject(reject("give the ids to get-findings", "the document lists ids of findings, not findings"))
	case o.has("productArn"), o.has("productFields"), o.has("awsAccountId"):
		c.finish(asff(v, o))
	case o.get("type").text() == "Notification" && o.get("message").isString():
		c.embedded(o.get("message"), w, "SNS message")
	case strings.HasSuffix(o.get("type").text(), "Confirmation") && o.has("subscribeURL"):
		c.reject(reject("confirm the subscription", "the document is an SNS subscription request"))
	case o.get("records") != nil:
		c.records(o.get("records"), w)
	case o.get("messages") != nil:
		c.records(o.get("messages"), w)
	case o.get("body").isString() && !o.has("service"):
		c.embedded(o.get("body"), w, "message body")
	case o.get("detail") != nil && !o.has("resource"):
		c.detail(v, o, w)
	case o.has("resource") || o.has("service") || o.has("accountId"):
		c.finish(guardDuty(v, o, w))
	default:
		c.reject(reject("give a GuardDuty finding, an event, or a list of them", "the document is no finding of any known shape"))
	}
}

// eventBridge takes an event by its detail type.
func (c *collector) eventBridge(v value, o object, detailType string, w wrapping) {
	switch detailType {
	case detailTypeFinding:
		c.detail(v, o, w)
	case detailTypeImported, detailTypeCustom:
		findings := o.get("detail").path("findings")
		c.each(findings, w.inside(ShapeASFF), "detail.findings")
	default:
		c.reject(reject(`match the detail-type "`+detailTypeFinding+`" in the rule`,
			"the event is a %s, not a finding", clipped(detailType)))
	}
}

// detail takes the one finding of an event.
func (c *collector) detail(v value, o object, w wrapping) {
	in := w.inside(ShapeEvent)
	detail := o.get("detail")
	if detail.isString() {
		c.embedded(detail, in, "event detail")
		return
	}
	if !detail.isObject() {
		c.reject(reject("", "the event has no detail"))
		return
	}
	in.event = &envelope{
		source:  o.get("source").text(),
		account: o.get("account").text(),
		region:  o.get("region").text(),
		raw:     v,
	}
	c.finish(guardDuty(detail, detail.object(), in))
}

// records takes the messages of a Lambda event or of ReceiveMessage.
func (c *collector) records(list value, w wrapping) {
	in := w.inside(w.shape)
	for _, record := range c.elements(list, "Records") {
		o := record.object()
		message := o.get("sns").path("message")
		if body := o.get("body"); body != nil {
			message = body
		}
		switch {
		case message.isString():
			c.embedded(message, in, "record")
		case o.get("s3") != nil:
			c.reject(reject("give the object it names", "the record is an S3 notification"))
		default:
			c.reject(reject("", "the record has neither a body nor an SNS message"))
		}
	}
}

// embedded takes documents written into a JSON string.
func (c *collector) embedded(v value, w wrapping, what string) {
	text := v.text()
	if strings.TrimSpace(text) == "" {
		c.reject(reject("", "the %s is empty", what))
		return
	}
	c.split([]byte(text), w.inside(w.shape))
}

// each takes every element of a list as a document.
func (c *collector) each(list value, w wrapping, what string) {
	in := w.inside(w.shape)
	for _, v := range c.elements(list, what) {
		c.document(v, in)
	}
}

// elements lists an array's elements and complains when there are none.
func (c *collector) elements(list value, what string) []value {
	all := list.list()
	if len(all) == 0 {
		c.reject(reject("", "%s is empty", what))
	}
	return all
}

// finish takes the outcome for one finding.
func (c *collector) finish(f *Finding, problem *NotFindingError) {
	if problem != nil {
		c.reject(problem)
		return
	}
	c.accept(*f)
}

func scalarName(v value) string {
	switch {
	case v.isString():
		return "string"
	case string(v) == "null", string(v) == "true", string(v) == "false":
		return string(v)
	}
	return "number"
}
