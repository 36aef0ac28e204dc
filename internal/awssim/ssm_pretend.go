package awssim

import (
	"fmt"
	"strconv"
	"strings"
)

// pretend makes up what a script prints, the same for the same script. Nothing is executed. "seq 1 N" counts (for
// long output), "exit N" and "false" fail; other known words give a plausible listing.
func pretend(lines []string) (stdout, stderr string, code int32) {
	var out, errs strings.Builder
	for _, line := range lines {
		for command := range strings.SplitSeq(line, "\n") {
			words := strings.Fields(command)
			if len(words) == 0 || strings.HasPrefix(words[0], "#") {
				continue
			}
			switch {
			case words[0] == "exit" && len(words) > 1:
				n, _ := strconv.Atoi(words[1])
				return out.String(), errs.String(), int32(n & 0xff)
			case words[0] == "false":
				errs.WriteString("failed to run commands: exit status 1\n")
				return out.String(), errs.String(), 1
			case words[0] == "echo":
				out.WriteString(strings.Trim(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(command), "echo")), `"'`) + "\n")
			case words[0] == "seq" && len(words) == 3:
				n, _ := strconv.Atoi(words[2])
				for i := range min(n, 100_000) {
					fmt.Fprintln(&out, i+1)
				}
			default:
				out.WriteString(listing(words[0]))
			}
		}
	}
	return out.String(), errs.String(), 0
}

// listing is what a well-known command shows on the demo's host; of others it is a line that names the command.
func listing(command string) string {
	for words, text := range map[string]string{
		"ps": "USER         PID %CPU %MEM COMMAND\nroot           1  0.0  0.3 /usr/lib/systemd/systemd\n" +
			"root        1873  0.1  0.6 /usr/bin/amazon-ssm-agent\napp         2210  1.2  4.1 /usr/sbin/nginx: worker process\n" +
			"app         4412 97.3  2.2 /tmp/.x/kworkerd -o pool.example.net:3333\n",
		"ss netstat": "Proto Local Address      Foreign Address      State\ntcp   10.20.1.10:443     198.51.100.7:52144   ESTABLISHED\n" +
			"tcp   10.20.1.10:49822   203.0.113.66:3333    ESTABLISHED\n",
		"who w last":                 "ec2-user pts/0        2026-11-01 09:14 (198.51.100.7)\n",
		"uname":                      "Linux ip-10-20-1-10 6.1.0-aws x86_64 GNU/Linux\n",
		"crontab":                    "*/5 * * * * /tmp/.x/update\n",
		"lsmod":                      "Module                  Size  Used by\nena                   147456  0\nnvme                   61440  2\n",
		"Get-Process":                "Handles  NPM(K)    PM(K)      WS(K)     CPU(s)     Id ProcessName\n    412      28    31204      48112      12.41   1880 amazon-ssm-agent\n    188      14    90412      88240     912.07   4412 svch0st\n",
		"Get-NetTCPConnection":       "LocalAddress LocalPort RemoteAddress RemotePort State\n10.20.2.10   49822     203.0.113.66  3333       Established\n",
		"Get-ScheduledTask":          "TaskPath TaskName State\n\\        Updater  Ready\n",
		"Get-Service":                "Status   Name               DisplayName\nRunning  AmazonSSMAgent     Amazon SSM Agent\n",
		"hostname":                   "ip-10-20-1-10.ec2.internal\n",
		"whoami id":                  "uid=0(root) gid=0(root) groups=0(root)\n",
		"Get-CimInstance systeminfo": "OS Name: Microsoft Windows Server 2022 Datacenter\n",
	} {
		for word := range strings.FieldsSeq(words) {
			if word == command {
				return text
			}
		}
	}
	return "simulated output of " + strconv.Quote(command) + "\n"
}
