package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"cordon/internal/permissions"
)

// policies are the IAM policies in each deployment's own form, and their page. The responder's is in two documents.
func policies() map[string][]byte {
	responder, member := permissions.Responder(), permissions.Member()
	inline, managed := responder.Split()
	const template, memberTemplate = "deploy/sam/template.yaml", "deploy/sam/member.yaml"
	sam := between(template, source(template), "responder policy", cloudFormation(inline))
	return map[string][]byte{
		template:       between(template, sam, "responder policy, managed part", cloudFormation(managed)),
		memberTemplate: between(memberTemplate, source(memberTemplate), "member policy", cloudFormation(member)),
		"deploy/terraform/policies/function.json.tftpl":         terraform(inline),
		"deploy/terraform/policies/function-managed.json.tftpl": terraform(managed),
		"deploy/terraform/member/policies/member.json.tftpl":    terraform(member),
		"docs/permissions.md":                                   permissionsPage(responder, member),
	}
}

func source(name string) []byte {
	raw, err := os.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("gen: %v (run it in the module's root)", err))
	}
	return raw
}

// between gives a file's content with new lines between its markers, as far to the right as the markers:
//
//	# BEGIN generated: responder policy
//	# END generated
func between(name string, raw []byte, what string, lines []string) []byte {
	var out bytes.Buffer
	inside, found := false, false
	for line := range strings.Lines(string(raw)) {
		text := strings.TrimSpace(line)
		if inside && text == "# END generated" {
			inside = false
		}
		if !inside {
			out.WriteString(line)
		}
		if text == "# BEGIN generated: "+what {
			inside, found = true, true
			indent, _, _ := strings.Cut(line, "#")
			for _, l := range lines {
				out.WriteString(indent + l + "\n")
			}
		}
	}
	if inside || !found {
		panic(fmt.Sprintf("gen: %s has no # BEGIN generated: %s, or nothing that ends it", name, what))
	}
	return out.Bytes()
}
