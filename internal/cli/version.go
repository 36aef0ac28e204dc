package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version  string `json:"version"`
				Revision string `json:"revision"`
				Go       string `json:"go"`
			}{Version: "devel"}
			if info, ok := debug.ReadBuildInfo(); ok {
				v.Go = info.GoVersion
				if info.Main.Version != "" && info.Main.Version != "(devel)" {
					v.Version = info.Main.Version
				}
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v.Revision = s.Value
					}
				}
			}
			if a.json() {
				return a.printJSON(v)
			}
			_, err := fmt.Fprintf(a.Out, "cordon %s %s %s\n", v.Version, v.Revision, v.Go)
			return err
		},
	}
}
