package finding

import (
	"strconv"
	"strings"
)

// productFields is the prefix of the GuardDuty fields that ASFF keeps in ProductFields.
const productFields = "aws/guardduty/service/"

// asff reads a finding in the AWS Security Finding Format, as Security Hub sends it, if it is one
// of GuardDuty's. What ASFF has no place for is in ProductFields, flattened to strings.
func asff(doc value, o object) (*Finding, *NotFindingError) {
	if !fromGuardDuty(o) {
		return nil, reject("only GuardDuty's findings are answered",
			"the Security Hub finding is of the product %s", clipped(product(o)))
	}
	b := &builder{Finding: Finding{
		Shape:       ShapeASFF,
		ARN:         o.get("id").text(),
		Type:        asffType(o),
		Title:       o.get("title").text(),
		Description: o.get("description").text(),
		Account:     o.get("awsAccountId").text(),
		Region:      o.get("region").text(),
	}}
	b.ID = b.ARN[strings.LastIndexByte(b.ARN, '/')+1:]
	if problem := b.head(doc, "", nil); problem != nil {
		return nil, problem
	}
	fields := o.get("productFields").object()
	field := func(name string) value { return fields.get(productFields + name) }

	b.numbers(asffSeverity(o), field("count"))
	b.CreatedAt = b.time(o.get("createdAt"), "CreatedAt")
	b.UpdatedAt = b.time(o.get("updatedAt"), "UpdatedAt")
	b.FirstSeen = b.time(orElse(field("eventFirstSeen"), o.get("firstObservedAt")), "FirstObservedAt")
	b.LastSeen = b.time(orElse(field("eventLastSeen"), o.get("lastObservedAt")), "LastObservedAt")
	b.ResourceRole = field("resourceRole").text()
	b.Archived = field("archived").boolean() || o.get("recordState").text() == "ARCHIVED"
	if b.DetectorID = field("detectorId").text(); b.DetectorID == "" {
		b.DetectorID = parseARN(o.get("generatorId").text()).name()
	}
	for _, m := range fields {
		if key := string(m.key); strings.HasPrefix(key, productFields) &&
			(strings.HasSuffix(key, "remoteIpDetails/ipAddressV4") || strings.HasSuffix(key, "remoteIpDetails/ipAddressV6")) {
			b.remote(m.val.text())
		}
	}
	if o.get("sample").boolean() || field("additionalInfo/sample").boolean() {
		b.sample("Sample is true")
	}
	if saysSample(field("additionalInfo/value")) {
		b.sample("additionalInfo/value says sample")
	}
	b.sampleTells(nil)
	if problem := b.readASFFResources(o.get("resources").list()); problem != nil {
		return nil, problem
	}
	return b.done(), nil
}

// fromGuardDuty trusts ProductArn, which Security Hub checks; the name anyone may set.
func fromGuardDuty(o object) bool {
	if p := o.get("productArn").text(); p != "" {
		return strings.HasSuffix(p, "::product/aws/guardduty")
	}
	return o.get("productName").text() == "GuardDuty"
}

func product(o object) string {
	return firstOf(o.get("productName").text(), o.get("productArn").text())
}

// asffType finds the finding type in Types, where the slash within it is a hyphen:
// "TTPs/Discovery/Discovery:Kubernetes-MaliciousIPCaller".
func asffType(o object) string {
	types := o.get("types").list()
	types = append(types, o.get("findingProviderFields").path("types").list()...)
	for _, v := range types {
		text := v.text()
		if !strings.Contains(text, ":") {
			continue
		}
		last := text[strings.LastIndexByte(text[:strings.IndexByte(text, ':')], '/')+1:]
		if strings.Contains(last, "/") {
			return last
		}
		return strings.Replace(last, "-", "/", 1)
	}
	return ""
}

// asffSeverity is GuardDuty's own number, or the normalised one (0 to 100) brought to its scale.
func asffSeverity(o object) value {
	for _, severity := range []value{o.get("severity"), o.get("findingProviderFields").path("severity")} {
		if own := severity.path("product"); own != nil {
			return own
		}
		if n, ok := severity.path("normalized").number(); ok {
			return strconv.AppendFloat(nil, n/10, 'f', -1, 64)
		}
	}
	return nil
}

func orElse(a, b value) value {
	if a != nil {
		return a
	}
	return b
}
