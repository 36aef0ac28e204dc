package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"cordon/internal/permissions"
)

// policies are the IAM policies in each deployment's own form, and their page.
func policies() map[string][]byte {
	responder, member := permissions.Responder(), permissions.Member()
	return map[string][]byte{
		"deploy/sam/template.yaml":                           between("deploy/sam/template.yaml", "responder policy", cloudFormation(responder)),
		"deploy/sam/member.yaml":                             between("deploy/sam/member.yaml", "member policy", cloudFormation(member)),
		"deploy/terraform/policies/function.json.tftpl":      terraform(responder),
		"deploy/terraform/member/policies/member.json.tftpl": terraform(member),
		"docs/permissions.md":                                permissionsPage(responder, member),
	}
}

// between gives a file with new lines between its markers, as far to the right as the markers:
//
//	# BEGIN generated: responder policy
//	# END generated
func between(name, what string, lines []string) []byte {
	raw, err := os.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("gen: %v (run it in the module's root)", err))
	}
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
