package finding

import (
	"encoding/json"
	"slices"
	"strings"
)

// guardDuty reads a finding as GuardDuty writes it (the Finding type of its API, in the camelCase
// of the wire or in PascalCase).
func guardDuty(doc value, o object, w wrapping) (*Finding, *NotFindingError) {
	b := &builder{Finding: Finding{
		Shape:       w.shape,
		ID:          o.get("id").text(),
		ARN:         o.get("arn").text(),
		Type:        o.get("type").text(),
		Title:       o.get("title").text(),
		Description: o.get("description").text(),
		Account:     o.get("accountId").text(),
		Region:      o.get("region").text(),
	}}
	if problem := b.head(doc, o.get("partition").text(), w.event); problem != nil {
		return nil, problem
	}
	service := o.get("service").object()
	b.numbers(o.get("severity"), service.get("count"))
	b.CreatedAt = b.time(o.get("createdAt"), "createdAt")
	b.UpdatedAt = b.time(o.get("updatedAt"), "updatedAt")
	b.FirstSeen = b.time(service.get("eventFirstSeen"), "eventFirstSeen")
	b.LastSeen = b.time(service.get("eventLastSeen"), "eventLastSeen")
	b.DetectorID = service.get("detectorId").text()
	b.ResourceRole = service.get("resourceRole").text()
	b.Archived = service.get("archived").boolean()
	b.readAction(service.get("action"))
	call := service.get("action").path("awsApiCallAction").object()
	b.API, b.UserAgent = call.get("api").text(), call.get("userAgent").text()
	if b.UserAgent == "" {
		b.UserAgent = agentOf(service.get("additionalInfo").path("value"))
	}
	b.sampleTells(service.get("additionalInfo"))

	resource := o.get("resource").object()
	if resource == nil {
		b.note("the finding names no resource")
	}
	b.ResourceType = resource.get("resourceType").text()
	b.Kind = b.resourceKind(resource)
	if problem := b.readResource(resource, service); problem != nil {
		return nil, problem
	}
	return b.done(), nil
}

// agentOf is the user agent in additionalInfo.value of an anomaly: userAgent.fullUserAgent of a JSON document in a string.
func agentOf(v value) string {
	text := v.text()
	if !v.isString() || !strings.HasPrefix(text, "{") || !shallow(text) || !json.Valid([]byte(text)) {
		return ""
	}
	return value(text).path("userAgent", "fullUserAgent").text()
}

// readAction collects the remote addresses of whatever kind of action it was.
func (b *builder) readAction(v value) {
	actions := v.object()
	slices.SortFunc(actions, func(x, y member) int { return strings.Compare(string(x.key), string(y.key)) })
	for _, m := range actions {
		action := m.val.object()
		b.readRemote(action)
		for _, probe := range action.get("portProbeDetails").list() {
			b.readRemote(probe.object())
		}
	}
}

func (b *builder) readRemote(o object) {
	details := o.get("remoteIpDetails").object()
	b.remote(details.get("ipAddressV4").text())
	b.remote(details.get("ipAddressV6").text())
}
