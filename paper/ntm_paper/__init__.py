"""The reproduction of Graves, Wayne, Danihelka 2014: training plan, tables, and figures."""
